// `tersor train --precision mxfp4` as a user runs it.
#include <gtest/gtest.h>

#include <cmath>
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

class Mxfp4Command : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string text = testing::CountingLines(400);
    Spill(folder_ / "text.txt", text);
    Spill(folder_ / "held.txt", text.substr(text.size() / 2, 2000));
  }

  std::string Train(const std::string& run, const std::string& more) const {
    return kTersor + "train --data " + (folder_ / "text.txt") + " --data.validation " +
           (folder_ / "held.txt") + " --data.cache " + (folder_ / "cache") +
           " --tokenizer.path byte --model.hidden_size 64 --model.layers 2 --model.heads 2"
           " --model.window 40 --train.batch_size 4 --train.steps 60 --train.warmup_steps 3"
           " --train.lr 3e-3 --train.clip_norm 0 --train.eval_every 0 --train.save_every 10"
           " --precision mxfp4 -o " +
           (folder_ / run) + " " + more;
  }

  /// Runs `more` in one go, and again with a kill between; the weights must be the same.
  void ExpectResumes(const std::string& more) {
    const CommandResult whole = RunCommand(Train("whole", more));
    ASSERT_EQ(whole.code, 0) << whole.error;
    KillInMidTraining(Train("broken", more), folder_ / "broken");
    const CommandResult resumed = RunCommand(Train("broken", more));
    ASSERT_EQ(resumed.code, 0) << resumed.error;
    for (const char* file : {"/last/model.safetensors", "/best/model.safetensors"}) {
      EXPECT_EQ(Slurp(folder_ / std::string("broken") + file),
                Slurp(folder_ / std::string("whole") + file))
          << file;
    }
  }

  Json Record(const std::string& run) const { return ReadJsonFile(folder_ / run + "/record.json"); }

  testing::TemporaryFolder folder_;
};

TEST_F(Mxfp4Command, QEmaResumesBitForBitAndIsServedAsTrained) {
  ExpectResumes("--precision.weights_quantizer ema --precision.ema_decay 0.9");
  const std::string best = folder_ / "whole/best";
  EXPECT_EQ(ReadJsonFile(best + "/config.json")["quantization_config"]["activations"], "mxfp4");
  EXPECT_FALSE(ReadJsonFile(folder_ / "whole/last/config.json").contains("quantization_config"));
  const double trained = Record("whole")["metrics"]["validation_loss"].get<double>();
  EXPECT_LT(trained, 4);
  const CommandResult eval =
      RunCommand(kTersor + "eval --model " + best + " --data " + (folder_ / "held.txt") +
                 " --json " + (folder_ / "eval.json"));
  ASSERT_EQ(eval.code, 0) << eval.error;
  const Json served = ReadJsonFile(folder_ / "eval.json");
  EXPECT_EQ(served["config"]["engine"], "runtime");
  EXPECT_NEAR(std::log(served["metrics"]["perplexity"].get<double>()), trained, 2e-3);
  // libtorch with training's own products.
  ASSERT_EQ(RunCommand(kTersor + "eval --engine torch --model " + best + " --data " +
                       (folder_ / "held.txt") + " --json " + (folder_ / "torch.json"))
                .code,
            0);
  const Json torch = ReadJsonFile(folder_ / "torch.json");
  EXPECT_NEAR(std::log(torch["metrics"]["perplexity"].get<double>()), trained, 1e-4);
}

TEST_F(Mxfp4Command, QRampingResumesBitForBit) {
  ExpectResumes(
      "--precision.oscillation ramping --precision.ramping_period 15"
      " --precision.detection_steps 5");
  const Json line = train::ReadMetrics(folder_ / "whole/metrics.jsonl")[40];
  EXPECT_TRUE(line["ramped_share"].is_number());
}

TEST_F(Mxfp4Command, RemediesRunAndOscillationIsReported) {
  for (const char* oscillation : {"dampen", "freeze"}) {
    const CommandResult result =
        RunCommand(Train(oscillation, std::string("--precision.measure_steps 10 --nproc 2"
                                                  " --precision.oscillation ") +
                                          oscillation));
    ASSERT_EQ(result.code, 0) << result.error;
    const Json series = Record(oscillation)["series"];
    for (const char* curve : {"oscillating share", "rate of change weights",
                              "rate of change output", "quantization confidence"}) {
      EXPECT_TRUE(series.contains(curve)) << curve;
    }
    const Json metrics = Record(oscillation)["metrics"];
    EXPECT_LT(metrics["validation_loss"].get<double>(), 4);
    // The late mean is that of the curve's end.
    const Json& rates = series["rate of change weights"]["y"];
    EXPECT_NEAR(metrics["late_rate_of_change_weights"].get<double>(), rates.back().get<double>(),
                1e-12);
  }
}

TEST_F(Mxfp4Command, SaysWhatIsWrong) {
  const auto error = [&](const std::string& more) {
    const CommandResult result = RunCommand(Train("bad", more));
    EXPECT_EQ(result.code, 2);
    return result.error;
  };
  EXPECT_NE(error("--precision.oscillation ramping --train.clip_norm 1").find("train.clip_norm 0"),
            std::string::npos);
  EXPECT_NE(error("--precision.weights_quantizer emma").find("nearest, ema"), std::string::npos);
  EXPECT_NE(error("--precision.quantizers 7").find("precision.quantizers"), std::string::npos);
}

}  // namespace
}  // namespace tersor
