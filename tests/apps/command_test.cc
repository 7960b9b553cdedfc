// The command as a user runs it: results, exit codes, one line for every kind of bad input, kills.
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

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
using testing::SignalWhen;
using testing::Slurp;
using testing::Spill;
using testing::TemporaryFolder;

/// A small text that a byte model can learn a little of.
std::string SomeText() {
  std::string text;
  for (int i = 0; i < 400; ++i) {
    text += "Line " + std::to_string(i * i % 97) + " of the text says that " +
            std::to_string(i % 7) + " is a number.\n";
  }
  return text;
}

/// A folder with text.txt and a recipe for a model of some 20,000 parameters.
class Command : public ::testing::Test {
 protected:
  void SetUp() override {
    Spill(folder_ / "text.txt", SomeText());
    Spill(
        folder_ / "tiny.yaml",
        "data: {train: [" + (folder_ / "text.txt") + "], cache: " + (folder_ / "cache") +
            "}\n"
            "tokenizer: {path: byte}\n"
            "model: {hidden_size: 32, layers: 2, heads: 2, kv_heads: 1, window: 32}\n"
            "train: {steps: 30, batch_size: 4, warmup_steps: 3, eval_every: 10, save_every: 5}\n");
  }

  std::string Train(const std::string& run, const std::string& more = "") const {
    return kTersor + "train --recipe " + (folder_ / "tiny.yaml") + " -o " + (folder_ / run) + " " +
           more;
  }

  std::string Weights(const std::string& run) const {
    return Slurp(folder_ / run + "/last/model.safetensors");
  }

  TemporaryFolder folder_;
};

TEST_F(Command, OpenBlasUsesTheVectorsThatTheCpuHas) {
  const auto blas = [&](const std::string& environment) {
    const CommandResult run =
        RunCommand("env " + environment + " " + Train("run", "--train.steps 1"));
    EXPECT_EQ(run.code, 0) << run.error;
    const Json machine = ReadJsonFile(folder_ / "run/record.json")["machine"];
    std::filesystem::remove_all(folder_ / "run");
    return machine["blas"].get<std::string>();
  };
  const std::string by_itself = blas("-u OPENBLAS_CORETYPE");
  if (by_itself.rfind("OpenBLAS", 0) != 0 || !__builtin_cpu_supports("avx2")) {
    GTEST_SKIP() << "this is about OpenBLAS and AVX2";
  }
  EXPECT_EQ(by_itself.find("Prescott"), std::string::npos) << by_itself;
  const std::string asked_for = blas("OPENBLAS_CORETYPE=Prescott");
  EXPECT_NE(asked_for.find("Prescott"), std::string::npos) << asked_for;
}

TEST_F(Command, HelpVersionAndTypos) {
  EXPECT_EQ(RunCommand(kTersor + "--version").out.rfind("tersor ", 0), 0u);
  EXPECT_EQ(RunCommand(kTersor + "--help").code, 0);
  for (const std::string verb : {"train", "eval", "bench", "report", "reproduce"}) {
    const CommandResult help = RunCommand(kTersor + verb + " --help");
    EXPECT_EQ(help.code, 0) << help.error;
    EXPECT_NE(help.out.find("Example: tersor " + verb), std::string::npos);
  }
  EXPECT_EQ(RunCommand(kTersor).code, 2);
  ExpectFailure(kTersor + "trian", 2, {"trian", "did you mean train?"});
  ExpectFailure(Train("x", "--train.stepz 3"), 2, {"--train.stepz", "did you mean --train.steps?"});
  ExpectFailure(kTersor + "eval", 2, {"--model is needed"});
  ExpectFailure(kTersor + "bench nothing", 2, {"unknown suite nothing"});
}

TEST_F(Command, TrainEvalReport) {
  const CommandResult trained = RunCommand(Train("run", "--json " + (folder_ / "train.json")));
  ASSERT_EQ(trained.code, 0) << trained.error;
  EXPECT_NE(trained.error.find("estimate: "), std::string::npos) << trained.error;
  const std::string model = folder_ / "run/best";
  EXPECT_EQ(trained.out, model + "\n");
  const Json record = ReadJsonFile(folder_ / "train.json");
  EXPECT_EQ(record["metrics"]["steps"], 30);
  EXPECT_GT(record["metrics"]["peak_memory_gb"], 0.0);
  EXPECT_LT(record["metrics"]["validation_loss"], 5.0);  // ln 258 = 5.55 at the start
  EXPECT_EQ(record["series"]["training loss"]["y"].size(), 30u);

  const std::string eval = kTersor + "eval --model " + model + " --data " + (folder_ / "text.txt") +
                           " --cache " + (folder_ / "cache") + " --json " + (folder_ / "eval.json");
  ASSERT_EQ(RunCommand(eval).code, 0) << RunCommand(eval).error;
  const Json metrics = ReadJsonFile(folder_ / "eval.json")["metrics"];
  const auto bytes = static_cast<int64_t>(SomeText().size());
  // Bytes are tokens: the whole file in windows of 32, of which each predicts 31 for perplexity.
  EXPECT_EQ(metrics["tokens"], (bytes + 2) / 32 * 31);
  EXPECT_NEAR(metrics["bits_per_byte"].get<double>(),
              std::log2(metrics["perplexity"].get<double>()), 0.05);

  ASSERT_EQ(RunCommand(kTersor + "report " + (folder_ / "train.json") + " " +
                       (folder_ / "eval.json") + " -o " + (folder_ / "r.html"))
                .code,
            0);
  EXPECT_NE(Slurp(folder_ / "r.html").find("<svg"), std::string::npos);
}

TEST_F(Command, MultipleChoice) {
  ASSERT_EQ(RunCommand(Train("run")).code, 0);
  Spill(
      folder_ / "q.jsonl",
      R"({"context": "Line 3 of the text says that", "choices": [" 5 is a number", " qqqq"], "answer": 0})"
      "\n\n"
      R"({"context": "Line 4 of the text", "choices": ["XZXZ", " says"], "answer": 1})"
      "\n");
  const CommandResult result =
      RunCommand(kTersor + "eval --model " + (folder_ / "run/best") + " --choices " +
                 (folder_ / "q.jsonl") + " --json " + (folder_ / "c.json"));
  ASSERT_EQ(result.code, 0) << result.error;
  EXPECT_EQ(ReadJsonFile(folder_ / "c.json")["metrics"]["questions"], 2);
  EXPECT_EQ(ReadJsonFile(folder_ / "c.json")["metrics"]["choice_accuracy_normalized"], 1.0);
  Spill(folder_ / "bad.jsonl", R"({"context": "a", "choices": ["b", "c"], "answer": 2})");
  ExpectFailure(
      kTersor + "eval --model " + (folder_ / "run/best") + " --choices " + (folder_ / "bad.jsonl"),
      1, {"bad.jsonl:1", "'answer' is 2"});
}

TEST_F(Command, KillAndResumeGivesTheSameWeights) {
  const std::string longer = "--train.steps 400 --train.save_every 20 --train.eval_every 0";
  ASSERT_EQ(RunCommand(Train("whole", longer)).code, 0);
  // Killed once the second checkpoint is there, then again by Ctrl-C, then finished.
  KillInMidTraining(Train("broken", longer), folder_ / "broken");
  EXPECT_NE(Weights("broken"), Weights("whole"));
  const std::string state = folder_ / "broken/last/training_state.json";
  std::filesystem::copy_file(state, folder_ / "before.json");
  const CommandResult stopped = SignalWhen("! cmp -s " + state + " " + (folder_ / "before.json"),
                                           "TERM", Train("broken", longer));
  if (stopped.code != 0) {  // The run may have ended before the signal came.
    EXPECT_EQ(stopped.code, 130) << stopped.error;
    EXPECT_NE(stopped.error.find("the same command resumes"), std::string::npos) << stopped.error;
  }
  const CommandResult finished = RunCommand(Train("broken", longer));
  ASSERT_EQ(finished.code, 0) << finished.error;
  EXPECT_EQ(Weights("broken"), Weights("whole"));
}

TEST_F(Command, TwoRanksTrainAsOne) {
  ASSERT_EQ(RunCommand(Train("one")).code, 0);
  const CommandResult two = RunCommand(Train("two", "--nproc 2"));
  ASSERT_EQ(two.code, 0) << two.error;
  const std::vector<Json> a = train::ReadMetrics(folder_ / "one/metrics.jsonl");
  const std::vector<Json> b = train::ReadMetrics(folder_ / "two/metrics.jsonl");
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    for (const char* key : {"loss", "validation_loss"}) {
      if (a[i].contains(key)) {
        EXPECT_NEAR(a[i][key].get<double>(), b[i][key].get<double>(), 1e-4) << i << " " << key;
      }
    }
  }
}

TEST_F(Command, ADeadRankEndsTheOthersAndTheRunResumes) {
  const std::string longer = "--train.steps 2000 --train.save_every 20 --train.eval_every 0";
  // Rank 1 is the child whose environment says so.
  const CommandResult result = RunCommand(
      Train("run", longer + " --nproc 2") +
      " & pid=$!; until grep -qs '\"step\": \\([2-9].\\|[1-9]..\\)' " +
      (folder_ / "run/last/training_state.json") +
      "; do sleep 0.02; done; for p in $(pgrep -P $pid); do "
      "if tr '\\0' '\\n' < /proc/$p/environ | grep -q '^RANK=1$'; then kill -9 $p; fi; done; "
      "wait $pid");
  EXPECT_EQ(result.code, 1) << result.error;
  EXPECT_NE(result.error.find("rank "), std::string::npos) << result.error;
  EXPECT_NE(result.error.find("resume"), std::string::npos) << result.error;
  const CommandResult again = RunCommand(Train("run",
                                               "--train.steps 60 --train.save_every 20 "
                                               "--train.eval_every 0"));
  EXPECT_EQ(again.code, 0) << again.error;
  EXPECT_NE(again.error.find("resuming at step"), std::string::npos) << again.error;
}

TEST_F(Command, ASecondProcessOnTheSameFolderIsRefused) {
  const std::string run = folder_ / "run";
  const CommandResult result =
      RunCommand("mkdir -p " + run + "; ( flock -x 9; " + Train("run") + " ) 9> " + run + "/.lock");
  EXPECT_EQ(result.code, 1);
  EXPECT_NE(result.error.find("another tersor process is writing here"), std::string::npos)
      << result.error;
}

TEST_F(Command, ADiskThatFillsUpLosesNothing) {
  ASSERT_EQ(RunCommand(Train("run", "--train.steps 10")).code, 0);
  const std::string before = Weights("run");
  // No file may grow beyond 16 KiB, as if the disk were full.
  const CommandResult result =
      RunCommand("trap '' XFSZ; ulimit -f 16; " + Train("run", "--train.steps 20"));
  EXPECT_EQ(result.code, 1);
  EXPECT_NE(result.error.find("cannot be written"), std::string::npos) << result.error;
  EXPECT_EQ(Weights("run"), before);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "run/last.new"));
  EXPECT_EQ(RunCommand(Train("run", "--train.steps 20")).code, 0);
}

TEST_F(Command, BadTexts) {
  Spill(folder_ / "empty.txt", "");
  ExpectFailure(Train("a", "--data " + (folder_ / "empty.txt")), 1, {"empty.txt", "no text"});
  Spill(folder_ / "short.txt", "Too short.");
  ExpectFailure(Train("b", "--data " + (folder_ / "short.txt")), 1,
                {"fewer than one window of 32"});
  ExpectFailure(Train("c", "--data " + (folder_ / "nowhere.txt")), 1, {"nowhere.txt"});
  Spill(folder_ / "x.jsonl", "{\"text\": \"fine\"}\n{\"txt\": 1}\n");
  ExpectFailure(Train("d", "--data " + (folder_ / "x.jsonl")), 1, {"x.jsonl:2", "'text'"});
  ExpectFailure(Train("e", "--data corpus:nothing"), 2, {"no corpus nothing", "debian-docs"});
}

TEST_F(Command, BadRecipes) {
  Spill(folder_ / "bad.yaml", "train:\n  steps: 10\n  warmup_step: 3\n");
  ExpectFailure(kTersor + "train --recipe " + (folder_ / "bad.yaml") + " -o " + (folder_ / "x"), 2,
                {"bad.yaml:3", "warmup_step", "train.warmup_steps"});
  ExpectFailure(Train("x", "--train.lr fast"), 2, {"--train.lr"});
  ExpectFailure(Train("x", "--train.schedule linear"), 2, {"train.schedule", "wsd"});
  ExpectFailure(Train("x", "--model.heads 5"), 2, {"model.heads"});
  ExpectFailure(kTersor + "reproduce nothing", 2, {"no recipes for nothing"});
}

TEST_F(Command, BadModels) {
  ASSERT_EQ(RunCommand(Train("run", "--train.steps 2")).code, 0);
  const std::string model = folder_ / "run/best";
  const std::string eval = kTersor + "eval --model " + model + " --data " + (folder_ / "text.txt") +
                           " --cache " + (folder_ / "cache");
  const std::string weights = Slurp(model + "/model.safetensors");
  const std::string config = Slurp(model + "/config.json");
  Spill(model + "/model.safetensors", weights.substr(0, weights.size() / 2));
  ExpectFailure(eval, 1, {"model.safetensors", "truncated"});
  Spill(model + "/model.safetensors", "garbage!garbage!");
  ExpectFailure(eval, 1, {"model.safetensors", "does not fit"});
  Spill(model + "/model.safetensors", weights);
  Json json = Json::parse(config);
  json["hidden_size"] = 64;
  json["head_dim"] = 32;
  Spill(model + "/config.json", json.dump());
  ExpectFailure(eval, 1, {"config.json implies"});
  json["model_type"] = "mamba";
  Spill(model + "/config.json", json.dump());
  ExpectFailure(eval, 1, {"mamba", "supported: llama"});
  Spill(model + "/config.json", config);
  std::filesystem::remove(model + "/model.safetensors");
  Spill(model + "/model.safetensors.index.json", R"({"weight_map": {"a": "model-1.safetensors"}})");
  ExpectFailure(eval, 1, {"model-1.safetensors", "missing"});
  ExpectFailure(kTersor + "eval --model " + (folder_ / "none") + " --data x", 1, {"none"});
}

TEST_F(Command, ReproduceRepeatsACellBySeeds) {
  std::filesystem::create_directories(folder_ / "recipes/toy");
  Spill(folder_ / "recipes/toy/claim.yaml",
        "claim: Seeds differ.\ncells:\n"
        "  - name: train\n    seeds: 2\n    run: [train, --recipe, " +
            (folder_ / "tiny.yaml") + ", --train.steps, \"5\", --output, \"{out}/{cell}\"]\n");
  const std::string command = "cd " + folder_.path() + " && " + kTersor + "reproduce toy --seed 4";
  const CommandResult quick = RunCommand(command);
  ASSERT_EQ(quick.code, 0) << quick.error;
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out/toy/train-seed5.json"));
  const CommandResult result = RunCommand(command + " --full");
  ASSERT_EQ(result.code, 0) << result.error;
  EXPECT_NE(result.error.find("train-seed4: done before"), std::string::npos) << result.error;
  const Json metrics = ReadJsonFile(folder_ / "out/toy/record.json")["metrics"];
  EXPECT_NE(metrics["train-seed4.validation_loss"], metrics["train-seed5.validation_loss"]);
  EXPECT_NE(Slurp(folder_ / "out/toy/report.html").find("mean over seeds"), std::string::npos);
}

TEST_F(Command, ReproduceRunsCellsSideBySide) {
  std::filesystem::create_directories(folder_ / "recipes/toy");
  const auto claim = [&](const std::string& steps) {
    Spill(folder_ / "recipes/toy/claim.yaml",
          "claim: Cells of their own.\nside_by_side: true\ncells:\n"
          "  - name: train\n    seeds: 3\n    run: [train, --recipe, " +
              (folder_ / "tiny.yaml") + ", --train.steps, \"" + steps +
              "\", --output, \"{out}/{cell}\"]\n");
  };
  const std::string command =
      "cd " + folder_.path() + " && " + kTersor + "reproduce toy --full --threads 2";
  claim("-5");
  ExpectFailure(command, 1, {"out/toy/train-seed", ".log tells why", "missing cells"});
  EXPECT_NE(Slurp(folder_ / "out/toy/train-seed0.log").find("train.steps"), std::string::npos);
  claim("5");
  const CommandResult result = RunCommand(command);
  ASSERT_EQ(result.code, 0) << result.error;
  const Json record = ReadJsonFile(folder_ / "out/toy/record.json");
  ASSERT_EQ(record["rows"].size(), 3u);
  EXPECT_EQ(record["rows"][2]["cell"], "train-seed2");
  EXPECT_NE(Slurp(folder_ / "out/toy/train-seed2.log").find("estimate: "), std::string::npos);
  EXPECT_NE(RunCommand(command).error.find("train-seed1: done before"), std::string::npos);
  // A signal to the command alone ends the cells too, or it would wait for them.
  claim("100000");
  std::filesystem::remove(folder_ / "out/toy/train-seed1.log");
  const CommandResult stopped =
      SignalWhen("grep -qs estimate " + (folder_ / "out/toy/train-seed1.log"), "TERM",
                 "cd " + folder_.path() + "; " + kTersor + " reproduce toy --full --threads 2");
  EXPECT_NE(stopped.error.find("continues with the missing cells"), std::string::npos)
      << stopped.error;
}

TEST_F(Command, ASignalToReproduceAloneEndsItsCell) {
  std::filesystem::create_directories(folder_ / "recipes/toy");
  Spill(folder_ / "recipes/toy/claim.yaml",
        "claim: One by one.\ncells:\n  - name: train\n    run: [train, --recipe, " +
            (folder_ / "tiny.yaml") + ", --train.steps, \"100000\", --output, \"{out}/{cell}\"]\n");
  const CommandResult stopped =
      SignalWhen("test -d " + (folder_ / "out/toy/train"), "TERM",
                 "cd " + folder_.path() + "; " + kTersor + " reproduce toy");
  EXPECT_NE(stopped.code, 0);
  EXPECT_NE(stopped.error.find("continues with the missing cells"), std::string::npos)
      << stopped.error;
}

TEST_F(Command, ReproduceRunsCombinations) {
  std::filesystem::create_directories(folder_ / "recipes/toy");
  const auto claim = [&](const std::string& name) {
    Spill(folder_ / "recipes/toy/claim.yaml",
          "claim: Every combination.\ncells:\n"
          "  - name: " +
              name +
              "\n    for: {steps: [3, 4], size: [32, 64]}\n"
              "    run: [train, --recipe, " +
              (folder_ / "tiny.yaml") +
              ", --train.steps, \"{steps}\", --model.hidden_size, \"{size}\", --output,"
              " \"{out}/{cell}\"]\n");
  };
  const std::string command = "cd " + folder_.path() + " && " + kTersor + "reproduce toy";
  claim("run-{steps}");
  ExpectFailure(command, 2, {"claim.yaml:4", "{size}", "part of the cell's name"});
  claim("run-{steps}-{size}");
  const CommandResult result = RunCommand(command);
  ASSERT_EQ(result.code, 0) << result.error;
  const Json rows = ReadJsonFile(folder_ / "out/toy/record.json")["rows"];
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[1]["cell"], "run-3-64");
  EXPECT_EQ(rows[2]["steps"], 4);
}

TEST_F(Command, ReproduceRunsMissingCellsOnly) {
  std::filesystem::create_directories(folder_ / "recipes/toy");
  Spill(folder_ / "recipes/toy/claim.yaml",
        "claim: A byte model learns.\ncells:\n"
        "  - name: train\n    run: [train, --recipe, " +
            (folder_ / "tiny.yaml") +
            ", --train.steps, \"5\", --output, \"{out}/model\"]\n"
            "  - name: eval\n    run: [eval, --model, \"{out}/model/best\", --data, " +
            (folder_ / "text.txt") + ", --cache, " + (folder_ / "cache") +
            "]\n"
            "  - name: never\n    full: true\n    run: [eval, --model, nowhere]\n");
  const std::string command = "cd " + folder_.path() + " && " + kTersor + "reproduce toy";
  const CommandResult first = RunCommand(command);
  ASSERT_EQ(first.code, 0) << first.error;
  const Json record = ReadJsonFile(folder_ / "out/toy/record.json");
  EXPECT_EQ(record["rows"].size(), 2u);
  EXPECT_TRUE(record["metrics"].contains("eval.perplexity"));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "out/toy/report.html"));
  std::filesystem::remove(folder_ / "out/toy/eval.json");
  const CommandResult second = RunCommand(command);
  EXPECT_EQ(second.code, 0) << second.error;
  EXPECT_NE(second.error.find("train: done before"), std::string::npos) << second.error;
  EXPECT_EQ(second.error.find("eval: done before"), std::string::npos) << second.error;
  Spill(folder_ / "recipes/toy/claim.yaml", "claim: x\ncels: []\n");
  ExpectFailure(command, 2, {"claim.yaml:2", "did you mean cells?"});
}

}  // namespace
}  // namespace tersor
