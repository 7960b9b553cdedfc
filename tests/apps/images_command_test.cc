// `tersor train` and `tersor eval` on images as a user runs them.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "data/image_files.h"
#include "tersor/train/metrics_log.h"
#include "tersor/util/json.h"
#include "tersor_command.h"

namespace tersor {
namespace {

using testing::CommandResult;
using testing::ExpectFailure;
using testing::KillInMidTraining;
using testing::kTersor;
using testing::RunCommand;
using testing::Slurp;
using testing::Spill;

/// A folder of three easy classes: stripes across, stripes down, and none, 40 images of each.
class ImagesCommand : public ::testing::Test {
 protected:
  void SetUp() override {
    for (int c = 0; c < 3; ++c) {
      const std::string folder = folder_ / "set/" + "abc"[c];
      std::filesystem::create_directories(folder);
      for (int i = 0; i < 40; ++i) {
        std::string pixels;
        for (int j = 0; j < 64; ++j) {
          const int stripe = c == 0 ? j / 8 % 2 : c == 1 ? j % 2 : 0;
          pixels += static_cast<char>(100 * stripe + (i * 31 + j * 17) % 60);
        }
        Spill(folder + "/" + std::to_string(100 + i) + ".png", testing::PngBytes(1, 8, 8, pixels));
      }
    }
  }

  std::string Train(const std::string& run, const std::string& more = "") const {
    return kTersor + "train --model.type vit --data " + (folder_ / "set") +
           " --image.size 8 --image.channels 1 --model.patch_size 2 --model.hidden_size 16"
           " --model.heads 2 --model.layers 2 --train.batch_size 12 --train.steps 60 --train.lr "
           "5e-3"
           " --train.schedule cosine --train.warmup_steps 5 --train.eval_every 20"
           " --train.save_every 10 --precision.block 32 -o " +
           (folder_ / run) + " " + more;
  }

  static std::string Recipe() {
    return "--augment.flip true --augment.crop_padding 1 --augment.erase 0.25 --augment.mixup 0.8"
           " --augment.cutmix 1 --augment.label_smoothing 0.1 --model.drop_path 0.3 ";
  }

  std::string Weights(const std::string& run) const {
    return Slurp(folder_ / run + "/last/model.safetensors");
  }

  testing::TemporaryFolder folder_;
};

TEST_F(ImagesCommand, TrainsEvaluatesAndReports) {
  const CommandResult trained = RunCommand(Train("run"));
  ASSERT_EQ(trained.code, 0) << trained.error;
  EXPECT_NE(trained.error.find("estimate: "), std::string::npos) << trained.error;
  const Json record = ReadJsonFile(folder_ / "run/record.json");
  EXPECT_EQ(record["metrics"]["training_images"], 720);
  EXPECT_TRUE(record["metrics"].contains("images_per_second"));
  EXPECT_GT(record["metrics"]["validation_accuracy"], 0.9);
  EXPECT_EQ(record["metrics"]["validation_top5_accuracy"], 1.0);
  EXPECT_EQ(record["series"]["validation accuracy"]["y"].size(), 3u);
  EXPECT_EQ(record["series"]["training loss"]["y_label"], "loss (nats per image)");
  // From the command as during the run.
  const std::string model = folder_ / "run/best";
  const CommandResult result = RunCommand(kTersor + "eval --model " + model + " --data " +
                                          (folder_ / "set") + " --json " + (folder_ / "e.json"));
  ASSERT_EQ(result.code, 0) << result.error;
  const Json metrics = ReadJsonFile(folder_ / "e.json")["metrics"];
  EXPECT_EQ(metrics["images"], 120);
  EXPECT_GT(metrics["accuracy"], 0.9);
  EXPECT_LT(metrics["loss"], 0.7);  // ln 3 = 1.1
  EXPECT_EQ(ReadJsonFile(model + "/config.json")["id2label"]["2"], "c");
  EXPECT_EQ(RunCommand(kTersor + "report " + (folder_ / "run/record.json") + " -o " +
                       (folder_ / "r.html"))
                .code,
            0);
  // A model goes on with other classes, and its shape is its own.
  std::filesystem::rename(folder_ / "set/c", folder_ / "set/d");
  const CommandResult tuned =
      RunCommand(kTersor + "train --init " + model + " --data " + (folder_ / "set") +
                 " --train.batch_size 12 --train.steps 3 -o " + (folder_ / "tuned"));
  ASSERT_EQ(tuned.code, 0) << tuned.error;
  EXPECT_NE(tuned.error.find("starts anew"), std::string::npos) << tuned.error;
  EXPECT_EQ(ReadJsonFile(folder_ / "tuned/last/config.json")["id2label"]["2"], "d");
}

TEST_F(ImagesCommand, KillAndResumeGivesTheSameWeights) {
  const std::string longer =
      Recipe() + "--precision int8-fallback --train.steps 300 --train.eval_every 0";
  ASSERT_EQ(RunCommand(Train("whole", longer)).code, 0);
  KillInMidTraining(Train("broken", longer), folder_ / "broken");
  const CommandResult resumed = RunCommand(Train("broken", longer));
  ASSERT_EQ(resumed.code, 0) << resumed.error;
  EXPECT_NE(resumed.error.find("resuming at step"), std::string::npos) << resumed.error;
  EXPECT_EQ(Weights("broken"), Weights("whole"));
}

TEST_F(ImagesCommand, TwoRanksAndMicroBatchesTrainAsOne) {
  ASSERT_EQ(RunCommand(Train("one", Recipe())).code, 0);
  const std::vector<Json> one = train::ReadMetrics(folder_ / "one/metrics.jsonl");
  const CommandResult two = RunCommand(Train("two", Recipe() + "--nproc 2"));
  ASSERT_EQ(two.code, 0) << two.error;
  ASSERT_EQ(RunCommand(Train("micro", Recipe() + "--train.micro_batch 4")).code, 0);
  for (const char* run : {"/two/metrics.jsonl", "/micro/metrics.jsonl"}) {
    const std::vector<Json> other = train::ReadMetrics(folder_.path() + run);
    ASSERT_EQ(one.size(), other.size());
    for (size_t i = 0; i < one.size(); ++i) {
      for (const char* key : {"loss", "validation_loss"}) {
        if (one[i].contains(key)) {
          EXPECT_NEAR(one[i][key].get<double>(), other[i][key].get<double>(), 2e-3) << i << key;
        }
      }
    }
  }
}

TEST_F(ImagesCommand, TrainsInEveryPrecision) {
  for (const std::string precision :
       {"bf16", "int8-tensor", "int8-token", "int8-block", "int8-fallback"}) {
    const CommandResult result = RunCommand(Train(precision, "--precision " + precision));
    ASSERT_EQ(result.code, 0) << precision << result.error;
    const Json metrics = ReadJsonFile(folder_ / precision + "/record.json")["metrics"];
    EXPECT_GT(metrics["validation_accuracy"], 0.9) << precision;
  }
  const Json line = train::ReadMetrics(folder_ / "int8-fallback/metrics.jsonl")[5];
  for (const char* site : {"attention.qkv", "attention.output", "mlp.fc1", "mlp.fc2"}) {
    EXPECT_EQ(line["fallback_rate_by_layer"][site].size(), 2u) << site;
  }
}

TEST_F(ImagesCommand, Mxfp4ResumesBitForBitAndIsServedAsTrained) {
  const std::string mxfp4 =
      "--precision mxfp4 --precision.weights_quantizer ema --precision.ema_decay 0.9"
      " --augment.label_smoothing 0.2 --model.hidden_size 64 --train.steps 100"
      " --train.eval_every 0 ";
  ASSERT_EQ(RunCommand(Train("whole", mxfp4)).code, 0);
  KillInMidTraining(Train("broken", mxfp4), folder_ / "broken");
  ASSERT_EQ(RunCommand(Train("broken", mxfp4)).code, 0);
  EXPECT_EQ(Weights("broken"), Weights("whole"));
  const std::string model = folder_ / "whole/best";
  const auto eval = [&](const std::string& more) {
    const CommandResult result =
        RunCommand(kTersor + "eval --model " + model + " --data " + (folder_ / "set") + " --json " +
                   (folder_ / "e.json") + " " + more);
    EXPECT_EQ(result.code, 0) << result.error;
    return ReadJsonFile(folder_ / "e.json");
  };
  // The runtime from packed FP4 is the default, and training's own products give the same.
  const Json served = eval(""), trained = eval("--engine torch");
  EXPECT_EQ(served["config"]["engine"], "runtime");
  EXPECT_GT(served["metrics"]["accuracy"], 0.9);
  EXPECT_NEAR(served["metrics"]["loss"].get<double>(), trained["metrics"]["loss"].get<double>(),
              2e-3);
  // Without rounding the activations the model is another one.
  EXPECT_GT(std::abs(eval("--weights f32")["metrics"]["loss"].get<double>() -
                     trained["metrics"]["loss"].get<double>()),
            1e-5);
}

TEST_F(ImagesCommand, RefusesWhatDoesNotGoTogether) {
  Spill(folder_ / "text.txt", "Some text.");
  const std::string text = folder_ / "text.txt";
  const std::string out = " -o " + (folder_ / "x");
  const std::string vit = kTersor + "train --model.type vit --data ";
  ExpectFailure(vit + text + out, 2, {"no folder"});
  ExpectFailure(vit + "corpus:gcide" + out, 2, {"an image model needs images"});
  ExpectFailure(Train("x", "--data " + text), 2, {"takes one data set"});
  ExpectFailure(kTersor + "train --model.type vit" + out, 2, {"--data"});
  ExpectFailure(kTersor + "train --data images:fashion-mnist" + out, 2,
                {"are for image models (model.type vit), not for llama"});
  ExpectFailure(kTersor + "train --data " + text + " --augment.mixup 0.8" + out, 2,
                {"for image models"});
  ExpectFailure(Train("x", "--precision.head true --precision int8-block"), 2, {"precision.head"});
  ExpectFailure(Train("x", "--tokenizer.path byte"), 2, {"tokenizer.path"});
  ExpectFailure(Train("x", "--model.patch_size 3"), 2, {"model.patch_size 3"});
  ExpectFailure(Train("x", "--model.drop_path 1"), 2, {"model.drop_path"});
  ExpectFailure(Train("x", "--augment.erase 2"), 2, {"augment.erase"});
  ExpectFailure(Train("x", "--model.type cnn"), 2, {"model.patch_size"});
  ExpectFailure(kTersor + "train --model.type vit --data images:none" + out, 2,
                {"no image set none"});

  ASSERT_EQ(RunCommand(Train("run", "--train.steps 2")).code, 0);
  const std::string eval = kTersor + "eval --model " + (folder_ / "run/best") + " --data ";
  ExpectFailure(eval + (folder_ / "set") + " --window 8", 2, {"is an image model"});
  ExpectFailure(eval + (folder_ / "set") + " --weights mxfp4", 2, {"needs --engine runtime"});
  ExpectFailure(
      kTersor + "eval --model " TERSOR_SOURCE_DIR "/models/llama-12m --data images:fashion-mnist",
      2, {"needs an image model"});
  EXPECT_EQ(RunCommand(kTersor + "train --init " + (folder_ / "run/best") +
                       " --image.size 16 --data " + (folder_ / "set") + out)
                .code,
            2);
  // One line that names the file.
  Spill(folder_ / "set/a/zz.png", "no image");
  const CommandResult bad = RunCommand(Train("x"));
  EXPECT_EQ(bad.code, 1);
  EXPECT_NE(bad.error.find("zz.png: cannot be read as PNG or JPEG"), std::string::npos)
      << bad.error;
}

}  // namespace
}  // namespace tersor
