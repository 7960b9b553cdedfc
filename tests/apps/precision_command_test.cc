// `tersor train --precision` as a user runs it.
#include <gtest/gtest.h>

#include <string>

#include "tersor/train/metrics_log.h"
#include "tersor/util/json.h"
#include "tersor_command.h"

namespace tersor {
namespace {

using testing::CommandResult;
using testing::KillInMidTraining;
using testing::kTersor;
using testing::RunCommand;
using testing::Slurp;
using testing::Spill;

class PrecisionCommand : public ::testing::Test {
 protected:
  void SetUp() override { Spill(folder_ / "text.txt", testing::CountingLines(400)); }

  std::string Train(const std::string& run, const std::string& more = "",
                    const std::string& precision = "int8-fallback") const {
    return kTersor + "train --data " + (folder_ / "text.txt") + " --data.cache " +
           (folder_ / "cache") +
           " --tokenizer.path byte --model.hidden_size 48 --model.layers 2 --model.heads 2"
           " --model.window 40 --train.batch_size 4 --train.steps 40 --train.warmup_steps 3"
           " --train.eval_every 0 --train.save_every 10 --precision.block 32 --precision " +
           precision + " -o " + (folder_ / run) + " " + more;
  }

  std::string Weights(const std::string& run) const {
    return Slurp(folder_ / run + "/last/model.safetensors");
  }

  testing::TemporaryFolder folder_;
};

TEST_F(PrecisionCommand, ResumesBitForBitAndOpensEverywhere) {
  const std::string longer = "--train.steps 200";
  ASSERT_EQ(RunCommand(Train("whole", longer)).code, 0);
  KillInMidTraining(Train("broken", longer), folder_ / "broken");
  const CommandResult resumed = RunCommand(Train("broken", longer));
  ASSERT_EQ(resumed.code, 0) << resumed.error;
  EXPECT_EQ(Weights("broken"), Weights("whole"));
  const std::string model = (folder_ / "whole/best") + " ";
  for (const std::string& command :
       {"eval --data " + (folder_ / "text.txt") + " --model " + model,
        "eval --engine runtime --data " + (folder_ / "text.txt") + " --model " + model,
        "generate --max-tokens 5 --prompt Line --model " + model,
        "export --format gguf -o " + (folder_ / "m.gguf") + " --model " + model}) {
    const CommandResult result = RunCommand(kTersor + command);
    EXPECT_EQ(result.code, 0) << command << result.error;
  }
}

TEST_F(PrecisionCommand, LearnsAsFloat32AndReportsItsRates) {
  const auto final_loss = [&](const std::string& precision) {
    const CommandResult result = RunCommand(Train(precision, "--train.lr 3e-3", precision));
    EXPECT_EQ(result.code, 0) << result.error;
    return ReadJsonFile(folder_ / precision + "/record.json")["metrics"]["validation_loss"]
        .get<double>();
  };
  const double exact = final_loss("fp32");
  for (const char* precision :
       {"bf16", "int8-tensor", "int8-token", "int8-block", "int8-fallback"}) {
    EXPECT_NEAR(final_loss(precision), exact, 0.1) << precision;
  }
  const Json line = train::ReadMetrics(folder_ / "int8-fallback/metrics.jsonl")[5];
  EXPECT_EQ(line["fallback_rate_by_layer"]["mlp.down_proj"].size(), 2u);
  const Json series = ReadJsonFile(folder_ / "int8-fallback/record.json")["series"];
  EXPECT_TRUE(series.contains("fallback rate"));
  EXPECT_TRUE(series.contains("mlp.down_proj, layer 1"));
}

TEST_F(PrecisionCommand, RunsOnTwoRanksWithTheHeadToo) {
  const CommandResult result = RunCommand(Train("two", "--nproc 2 --precision.head true"));
  EXPECT_EQ(result.code, 0) << result.error;
  const Json metrics = ReadJsonFile(folder_ / "two/record.json")["metrics"];
  EXPECT_LT(metrics["validation_loss"].get<double>(), 5);
}

TEST_F(PrecisionCommand, TrainsOpt) {
  const CommandResult result = RunCommand(Train("opt", "--model.type opt"));
  EXPECT_EQ(result.code, 0) << result.error;
  const Json line = train::ReadMetrics(folder_ / "opt/metrics.jsonl")[5];
  EXPECT_EQ(line["fallback_rate_by_layer"]["fc2"].size(), 2u);
}

TEST_F(PrecisionCommand, SaysWhatIsWrong) {
  const auto error = [&](const std::string& more) {
    const CommandResult result = RunCommand(Train("bad", more));
    EXPECT_NE(result.code, 0);
    return result.error.substr(std::min(result.error.find("error: "), result.error.size()));
  };
  EXPECT_NE(error("--precision.max_rate 1.5").find("precision.max_rate must be in 0..1"),
            std::string::npos);
  EXPECT_NE(error("--precision int8-falback").find("int8-fallback"), std::string::npos);
  // A learning rate that ends in numbers that are not finite: layer and step are named.
  const std::string blown = error("--train.lr 1e30 --train.clip_norm 0 --train.schedule constant");
  EXPECT_NE(blown.find("step "), std::string::npos) << blown;
  EXPECT_NE(blown.find(" of layers."), std::string::npos) << blown;
}

}  // namespace
}  // namespace tersor
