// `tersor attention`, and `eval` and `train` with sparse attention, as a user runs them.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <string>

#include "tersor/kernel/int8_value.h"
#include "tersor/util/json.h"
#include "tersor_command.h"

namespace tersor {
namespace {

using testing::CommandResult;
using testing::ExpectFailure;
using testing::kTersor;
using testing::RunCommand;
using testing::SignalWhen;
using testing::Slurp;
using testing::Spill;

class AttentionCommand : public ::testing::Test {
 protected:
  void SetUp() override {
    Spill(folder_ / "text.txt", testing::CountingLines(900));
    const CommandResult trained = RunCommand(Train("run", "--train.steps 60"));
    ASSERT_EQ(trained.code, 0) << trained.error;
  }

  std::string Train(const std::string& run, const std::string& more) const {
    return kTersor + "train --data " + (folder_ / "text.txt") + " --data.cache " +
           (folder_ / "cache") +
           " --tokenizer.path byte --model.hidden_size 32 --model.layers 2 --model.heads 2"
           " --model.kv_heads 1 --model.window 600 --train.batch_size 2 --train.lr 3e-3"
           " --train.warmup_steps 3 --train.eval_every 0 -o " +
           (folder_ / run) + " " + more;
  }

  std::string model() const { return folder_ / "run/best"; }

  std::string Tune(const std::string& more) const {
    return kTersor + "attention tune --model " + model() + " --data " + (folder_ / "text.txt") +
           " --cache " + (folder_ / "cache") + " " + more;
  }

  Json Evaluate(const std::string& more) const {
    const CommandResult result = RunCommand(
        kTersor + "eval --model " + model() + " --data " + (folder_ / "text.txt") + " --cache " +
        (folder_ / "cache") + " --json " + (folder_ / "eval.json") + " " + more);
    EXPECT_EQ(result.code, 0) << result.error;
    return ReadJsonFile(folder_ / "eval.json")["metrics"];
  }

  testing::TemporaryFolder folder_;
};

TEST_F(AttentionCommand, TunesAndEvaluates) {
  const std::string bounds = "--l1 0.2 --l2 0.25 --inputs 2 --held-out 1";
  const CommandResult tuned = RunCommand(Tune(bounds + " --json " + (folder_ / "tune.json")));
  ASSERT_EQ(tuned.code, 0) << tuned.error;
  EXPECT_NE(tuned.error.find("tuning"), std::string::npos) << tuned.error;
  const Json record = ReadJsonFile(folder_ / "tune.json");
  ASSERT_EQ(record["rows"].size(), 4u);
  for (const Json& row : record["rows"]) {
    EXPECT_LE(row["relative_l1"].get<double>(), 0.25);
  }
  EXPECT_FALSE(std::filesystem::exists(model() + "/attention.json.partial"));
  const double dense = Evaluate("")["perplexity"].get<double>();
  const Json sparse = Evaluate("--attention sparge");
  EXPECT_NEAR(sparse["attention_sparsity"].get<double>(),
              record["metrics"]["held_out_sparsity"].get<double>(), 0.2);
  EXPECT_LT(std::abs(std::log(sparse["perplexity"].get<double>() / dense)), 0.2);
  const Json all = Evaluate("--attention sparge --attention.settings none --attention.tau 1");
  EXPECT_EQ(all["attention_sparsity"], 0);
  EXPECT_NEAR(all["perplexity"].get<double>(), dense, 1e-4 * dense);
  const std::string int8 = "--attention top-share --attention.share 1 --attention.int8 true";
  const Json coded = Evaluate(int8);
  EXPECT_EQ(coded["attention_int8_values"], kernel::FastInt8Values() != nullptr ? 1 : 0);
  EXPECT_EQ(Evaluate(int8 + " --attention.int8_values false")["attention_int8_values"], 0);
  EXPECT_NEAR(coded["perplexity"].get<double>(), dense, 0.02 * dense);
  for (const char* other : {"top-share", "cumulative", "window", "oracle"}) {
    EXPECT_GT(Evaluate(std::string("--attention ") + other +
                       " --attention.share 0.1 --attention.gamma 0.3 --attention.recent 1"
                       " --attention.sinks 0")["attention_sparsity"]
                  .get<double>(),
              0.1)
        << other;
  }
}

TEST_F(AttentionCommand, AnInterruptedTuningGoesOn) {
  const std::string bounds = "--l1 0.2 --l2 0.25 --inputs 2 --held-out 1 -o ";
  ASSERT_EQ(RunCommand(Tune(bounds + (folder_ / "whole.json"))).code, 0);
  const std::string broken = folder_ / "broken.json";
  SignalWhen("test -e " + broken + ".partial", "KILL", Tune(bounds + broken));
  const CommandResult resumed = RunCommand(Tune(bounds + broken));
  ASSERT_EQ(resumed.code, 0) << resumed.error;
  EXPECT_EQ(Slurp(broken), Slurp(folder_ / "whole.json"));
}

TEST_F(AttentionCommand, ComparesRulesAtEqualSparsity) {
  ASSERT_EQ(RunCommand(Tune("--l1 0.2 --l2 0.25 --inputs 2 --held-out 1")).code, 0);
  const std::string compare = kTersor + "attention compare --model " + model() + " --data " +
                              (folder_ / "text.txt") + " --cache " + (folder_ / "cache") + " ";
  const CommandResult compared =
      RunCommand(compare + "--windows 2 --retrieval-texts 0 --sparsity 0.3 --json " +
                 (folder_ / "compare.json"));
  ASSERT_EQ(compared.code, 0) << compared.error;
  const Json record = ReadJsonFile(folder_ / "compare.json");
  const double tuned = record["metrics"]["tuned_sparsity"];
  ASSERT_EQ(record["rows"].size(), 16u);  // dense, tuned, six rules twice, two first tokens
  EXPECT_EQ(record["rows"][0]["perplexity_change_percent"], 0);
  for (const Json& row : record["rows"]) {
    if (row.contains("rule") && row["rule"] != "dense" && row["rule"] != "sparge-untuned") {
      const double asked = row["asked_sparsity"];
      EXPECT_TRUE(asked == 0.3 || asked == tuned) << row;
      EXPECT_NEAR(row["sparsity"].get<double>(), asked, 0.2) << row;
    }
  }
  EXPECT_GT(record["rows"].back()["ratio"].get<double>(), 0);
  EXPECT_EQ(record["maps"].size(), 4u);
  EXPECT_EQ(record["maps"][0]["cells"].size(), 5u);  // query blocks of 600 tokens
  EXPECT_TRUE(record["series"].contains("oracle: relative L1"));
  ExpectFailure(compare + "--sparsity 2", 2, {"--sparsity 2"});
  ExpectFailure(compare + "--length 601", 2, {"--length"});
  ExpectFailure(compare + "--settings " + (folder_ / "none.json"), 1, {"none.json"});
}

TEST_F(AttentionCommand, MeasuresOrdersOfAField) {
  const std::string fields = kTersor + "attention fields --frames 4 --height 16 --width 16 ";
  const CommandResult measured =
      RunCommand(fields + "--dim 16 --fields 1 --json " + (folder_ / "fields.json"));
  ASSERT_EQ(measured.code, 0) << measured.error;
  const Json rows = ReadJsonFile(folder_ / "fields.json")["rows"];
  ASSERT_EQ(rows.size(), 5u);
  const auto similarity = [&](size_t i) { return rows[i]["key_similarity"].get<double>(); };
  EXPECT_EQ(rows[0]["order"], "random");
  EXPECT_EQ(rows[4]["order"], "hilbert");
  EXPECT_LT(similarity(0), similarity(3));
  EXPECT_LT(similarity(3), similarity(4));
  ExpectFailure(fields + "--dim 300", 2, {"--dim"});
  ExpectFailure(fields + "--smoothness 0", 2, {"--smoothness"});
}

TEST_F(AttentionCommand, TrainsOnSelectedBlocks) {
  const CommandResult trained = RunCommand(Train(
      "sparse", "--train.steps 20 --attention sparge --attention.tau 0.5 --attention.theta 0"));
  ASSERT_EQ(trained.code, 0) << trained.error;
  const Json metrics = ReadJsonFile(folder_ / "sparse/record.json")["metrics"];
  EXPECT_GT(metrics["attention_sparsity"].get<double>(), 0.05);
  EXPECT_LT(metrics["validation_loss"].get<double>(), 5.5);
}

TEST_F(AttentionCommand, BadInputIsOneLine) {
  ExpectFailure(kTersor + "attention --model x --data y", 2, {"tune"});
  ExpectFailure(kTersor + "attention tunne --model x --data y", 2, {"must be: tune, compare"});
  ExpectFailure(Tune("--l1 0.3"), 2, {"l1"});
  ExpectFailure(Tune("--length 5000"), 2, {"more than the model's 600"});
  ExpectFailure(Tune("--inputs 500"), 1, {"give more text"});
  ExpectFailure(Tune("--similarity dot"), 2, {"cosine, gram"});
  const std::string eval = kTersor + "eval --model " + model() + " --data " +
                           (folder_ / "text.txt") + " --cache " + (folder_ / "cache") + " ";
  ExpectFailure(eval + "--attention spargee", 2, {"there are: dense"});
  ExpectFailure(eval + "--attention sparge --attention.tau 3", 2, {"attention.tau"});
  ExpectFailure(eval + "--attention sparge --engine runtime", 2, {"--engine torch"});
  Spill(folder_ / "bad.json", "{}");
  ExpectFailure(eval + "--attention sparge --attention.settings " + (folder_ / "bad.json"), 1,
                {"bad.json", "format"});
  ASSERT_EQ(
      RunCommand(Tune("--l1 0.5 --l2 0.5 --inputs 1 --held-out 1 -o " + (folder_ / "a.json"))).code,
      0);
  ExpectFailure(kTersor + "eval --model " TERSOR_SOURCE_DIR "/models/llama-12m --data x" +
                    " --attention sparge --attention.settings " + (folder_ / "a.json"),
                1, {"a.json", "another model"});
}

}  // namespace
}  // namespace tersor
