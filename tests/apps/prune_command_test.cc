// `tersor prune` as a user runs it.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "tersor/util/json.h"
#include "tersor_command.h"

namespace tersor {
namespace {

using testing::CommandResult;
using testing::ExpectFailure;
using testing::kTersor;
using testing::RunCommand;
using testing::Slurp;
using testing::Spill;

class PruneCommand : public ::testing::Test {
 protected:
  void SetUp() override {
    Spill(folder_ / "text.txt", testing::CountingLines(900));
    const CommandResult trained = RunCommand(
        kTersor + "train --data " + (folder_ / "text.txt") + " --data.cache " +
        (folder_ / "cache") +
        " --tokenizer.path byte --model.hidden_size 64 --model.layers 3 --model.heads 2"
        " --model.window 40 --train.batch_size 8 --train.steps 100 --train.warmup_steps 3"
        " --train.lr 3e-3 --train.eval_every 0 -o " +
        (folder_ / "run"));
    ASSERT_EQ(trained.code, 0) << trained.error;
  }

  std::string model() const { return folder_ / "run/best"; }

  std::string Prune(const std::string& more) const {
    return kTersor + "prune " + model() + " --calibration " + (folder_ / "text.txt") +
           " --samples 8 --cache " + (folder_ / "cache") + " --evaluate " + (folder_ / "text.txt") +
           " --json " + (folder_ / "record.json") + " " + more;
  }

  Json Metrics() const { return ReadJsonFile(folder_ / "record.json")["metrics"]; }

  double Perplexity(const std::string& folder) const {
    const CommandResult result =
        RunCommand(kTersor + "eval --model " + folder + " --data " + (folder_ / "text.txt") +
                   " --cache " + (folder_ / "cache") + " --json " + (folder_ / "eval.json"));
    EXPECT_EQ(result.code, 0) << result.error;
    return ReadJsonFile(folder_ / "eval.json")["metrics"]["perplexity"].get<double>();
  }

  testing::TemporaryFolder folder_;
};

TEST_F(PruneCommand, PrunesMeasuresAndGoesOn) {
  const std::string out = folder_ / "sparse";
  const CommandResult result =
      RunCommand(Prune("--sparsity 0.5 --metric sparsegpt --sensitivity 0.8 --sensitivity 0.5,0.6 "
                       "--pack sparse-f32 --questions 20 --choices " +
                       (folder_ / "text.txt") + " -o " + out));
  ASSERT_EQ(result.code, 0) << result.error;
  EXPECT_NE(result.error.find("pruning"), std::string::npos) << result.error;
  const Json metrics = Metrics(), record = ReadJsonFile(folder_ / "record.json");
  EXPECT_NEAR(metrics["sparsity"].get<double>(), 0.5, 1e-3);
  const double dense = metrics["dense perplexity " + (folder_ / "text.txt")].get<double>();
  const double pruned = metrics["perplexity " + (folder_ / "text.txt")].get<double>();
  EXPECT_GT(pruned, dense);
  for (const std::string& when : {"dense ", ""}) {
    const std::string name = when + "choice_accuracy_normalized " + (folder_ / "text.txt");
    EXPECT_GT(metrics[name].get<double>(), 0.25) << name;  // by chance
  }
  EXPECT_EQ(record["rows"].size(), 21u);
  EXPECT_EQ(record["series"]["sparsity by layer"]["y"].size(), 3u);
  for (const char* sensitivity : {"0.8", "0.5", "0.6"}) {  // a list may be given in parts
    const std::string curve = std::string("sensitivity at ") + sensitivity;
    EXPECT_EQ(record["series"][curve]["y"].size(), 3u) << curve;
  }
  EXPECT_EQ(
      RunCommand(kTersor + "report " + (folder_ / "record.json") + " -o " + (folder_ / "r.html"))
          .code,
      0);
  // The folder is a model like any other, served dense and evaluated by the unpruned path.
  EXPECT_NEAR(Perplexity(out), pruned, 0.02 * pruned);
  // Packed it writes the same text.
  EXPECT_LT(metrics["packed_bytes"], metrics["bytes"].get<int64_t>() * 2);
  const auto greedy = [&](const std::string& folder, const std::string& weights) {
    const CommandResult text = RunCommand(kTersor + "generate --model " + folder + weights +
                                          " --prompt Line --temperature 0 --max-tokens 30");
    EXPECT_EQ(text.code, 0) << text.error;
    return text.out;
  };
  EXPECT_EQ(greedy(out + "/packed", ""), greedy(out, " --weights f32"));
  ExpectFailure(kTersor + "train --init " + out + "/packed --data " + (folder_ / "text.txt") +
                    " -o " + (folder_ / "x"),
                1, {"packed for the runtime"});
  // Training goes on with the zeros kept, in any precision.
  for (const char* precision : {"fp32", "int8-fallback", "mxfp4"}) {
    const std::string tuned = folder_ / std::string("tuned-") + precision;
    const CommandResult trained = RunCommand(
        kTersor + "train --init " + out + " --keep-sparsity --data " + (folder_ / "text.txt") +
        " --data.cache " + (folder_ / "cache") + " --precision " + precision +
        " --model.window 40 --train.batch_size 8 --train.steps 30 --train.lr 1e-3"
        " --train.eval_every 0 -o " +
        tuned);
    ASSERT_EQ(trained.code, 0) << precision << trained.error;
    EXPECT_NE(trained.error.find("50.0 % of the blocks' weights are zero"), std::string::npos)
        << trained.error;
    EXPECT_LT(Perplexity(tuned + "/best"), pruned) << precision;
    // Already pruned, and so it is said.
    const CommandResult again = RunCommand(kTersor + "prune " + tuned +
                                           "/last --sparsity 0.5 --metric magnitude"
                                           " --allocation uniform -o " +
                                           (folder_ / "again"));
    EXPECT_EQ(again.code, 0) << again.error;
    EXPECT_NE(again.error.find("pruned already: 50.0 %"), std::string::npos) << again.error;
  }
}

TEST_F(PruneCommand, PatternsAndRandomAllocations) {
  ASSERT_EQ(RunCommand(Prune("--pattern 2:4 --allocation uniform -o " + (folder_ / "a"))).code, 0);
  EXPECT_NEAR(Metrics()["sparsity"].get<double>(), 0.5, 1e-9);
  const CommandResult result = RunCommand(Prune("--sparsity 0.6 --metric magnitude --random 4"));
  ASSERT_EQ(result.code, 0) << result.error;
  const double spearman = Metrics()["redundancy_spread_to_perplexity_spearman"].get<double>();
  EXPECT_GE(spearman, -1);
  EXPECT_LE(spearman, 1);
}

TEST_F(PruneCommand, SaysWhatIsWrong) {
  const std::string out = " -o " + (folder_ / "x");
  ExpectFailure(Prune("--sparsity 1" + out), 2, {"not in [0, 1)"});
  ExpectFailure(Prune("--sparsity 0.5 --pattern 2:4" + out), 2, {"one of them"});
  ExpectFailure(Prune(out), 2, {"--sparsity or --pattern"});
  ExpectFailure(Prune("--pattern 4:2" + out), 2, {"N:M"});
  ExpectFailure(Prune("--sparsity 0.5 --metric wonda" + out), 2, {"magnitude, wanda, sparsegpt"});
  ExpectFailure(Prune("--sparsity 0.5 --allocation mpr" + out), 2, {"there are: uniform"});
  ExpectFailure(Prune("--sparsity 0.5 --allocation.layer row" + out), 2, {"block, matrix"});
  ExpectFailure(Prune("--sparsity 0.5 --length 4000" + out), 2, {"more than the model's"});
  ExpectFailure(Prune("--sparsity 0.5 -o " + model()), 1, {"is the model itself"});
  ExpectFailure(Prune("--sparsity 0.5 --pack bf16" + out), 2, {"sparse-bf16, sparse-int8"});
  ExpectFailure(kTersor + "prune " + model() + " --sparsity 0.5" + out, 2, {"--calibration TEXT"});
  Spill(folder_ / "short.txt", "Too short.");
  ExpectFailure(kTersor + "prune " + model() + " --sparsity 0.5 --calibration " +
                    (folder_ / "short.txt") + out,
                1, {"one sample needs 40"});
  ExpectFailure(kTersor + "train --keep-sparsity --data " + (folder_ / "text.txt") + out, 2,
                {"needs --init"});
  EXPECT_FALSE(std::filesystem::exists(folder_ / "x"));
}

}  // namespace
}  // namespace tersor
