// The serving verbs as users run them, on models of random weights and on the shipped ones.
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "../runtime/random_model.h"
#include "tersor/util/json.h"
#include "tersor_command.h"

namespace tersor {
namespace {

using testing::CommandResult;
using testing::kTersor;
using testing::RunCommand;

const std::string kLlama = TERSOR_SOURCE_DIR "/models/llama-12m";
const std::string kOpt = TERSOR_SOURCE_DIR "/models/opt-12m";

CommandResult Generate(const std::string& model, const std::string& arguments) {
  return RunCommand(kTersor + "generate --model " + model + " " + arguments);
}

TEST(Generate, PrintsTheTextOnly) {
  for (const std::string& model : {kLlama, kOpt}) {
    const CommandResult run =
        Generate(model, "--prompt 'The function returns' --max-tokens 20 --temperature 0");
    EXPECT_EQ(run.code, 0) << run.error;
    EXPECT_GT(run.out.size(), 20);
    EXPECT_EQ(run.error, "");
    const CommandResult again =
        RunCommand("printf 'The function returns' | " + kTersor + "generate --model " + model +
                   " --max-tokens 20 --temperature 0 --threads 1");
    EXPECT_EQ(again.out, run.out);
  }
}

TEST(Generate, RecordsItsRates) {
  const testing::TemporaryFolder folder;
  const CommandResult run =
      Generate(kLlama, "--prompt 'The' --max-tokens 10 --ignore-eos --json " + (folder / "r.json"));
  EXPECT_EQ(run.code, 0) << run.error;
  const Json record = ReadJsonFile(folder / "r.json");
  EXPECT_EQ(record["metrics"]["tokens"], 10);
  EXPECT_GT(record["metrics"]["tokens_per_second"], 0);
  EXPECT_GT(record["metrics"]["first_token_seconds"], 0);
}

TEST(Generate, ConversesLineByLine) {
  const CommandResult run =
      RunCommand("printf 'What is an index?\\nAnd a table?\\n' | " + kTersor + "generate --model " +
                 kLlama + " --chat --max-tokens 8 --temperature 0 --ignore-eos");
  EXPECT_EQ(run.code, 0) << run.error;
  EXPECT_GE(std::count(run.out.begin(), run.out.end(), '\n'), 2);
}

TEST(Generate, BadInputIsOneLine) {
  const testing::TemporaryFolder folder;
  const auto expect = [](const CommandResult& run, int code, const std::string& part) {
    EXPECT_EQ(run.code, code) << run.error;
    EXPECT_NE(run.error.find(part), std::string::npos) << run.error;
    EXPECT_EQ(std::count(run.error.begin(), run.error.end(), '\n'), 1) << run.error;
  };
  expect(Generate(folder.path(), "--prompt x"), 1, "config.json");
  expect(Generate("/nowhere", "--prompt x"), 1, "no such folder");
  expect(Generate(folder / "x.gguf", "--prompt x"), 1, "x.gguf");
  expect(Generate(kLlama, "--prompt x --context 513"), 1, "longer than the model's 512");
  expect(Generate(kLlama, "--prompt x --top-p 2"), 2, "top-p must be");
  expect(Generate(kLlama, "--prompt x --weights int5"), 1, "unknown weight format int5");
  expect(Generate(kLlama, "</dev/null"), 2, "a prompt is needed");
  expect(RunCommand("yes word | head -c 9000 | " + kTersor + "generate --model " + kLlama), 1,
         "leaves no room in the context of 512");
  const CommandResult bad = RunCommand("printf 'caf\\351' | " + kTersor + "generate --model " +
                                       kLlama + " --max-tokens 1");
  expect(bad, 0, "1 bytes that are not UTF-8");
}

TEST(Export, GgufGeneratesTheSameText) {
  const testing::TemporaryFolder folder;
  for (const char* dtype : {"f32", "bf16"}) {
    const std::string file = folder / (std::string(dtype) + ".gguf");
    const CommandResult run = RunCommand(kTersor + "export --model " + kLlama +
                                         " --format gguf --dtype " + dtype + " -o " + file);
    ASSERT_EQ(run.code, 0) << run.error;
    const std::string arguments = "--prompt 'The function returns' --max-tokens 60 --temperature 0";
    EXPECT_EQ(Generate(file, arguments).out, Generate(kLlama, arguments).out) << dtype;
  }
}

TEST(Export, Mxfp4IsWhatGeneratePacks) {
  const testing::TemporaryFolder folder;
  const std::string file = folder / "mxfp4.gguf";
  const CommandResult run =
      RunCommand(kTersor + "export --model " + kLlama + " --dtype mxfp4 -o " + file);
  ASSERT_EQ(run.code, 0) << run.error;
  const std::string arguments = "--prompt 'The function returns' --max-tokens 60 --temperature 0";
  const std::string packed = Generate(kLlama, arguments + " --weights mxfp4").out;
  EXPECT_EQ(Generate(file, arguments).out, packed);
  EXPECT_NE(Generate(kLlama, arguments + " --weights mxfp4-w4a4").out, packed);
}

TEST(Export, KeepsHowAModelWasTrained) {
  const testing::TemporaryFolder folder;
  std::filesystem::copy(kLlama, folder / "trained");
  Json config = ReadJsonFile(folder / "trained/config.json");
  config["quantization_config"] = {
      {"quant_method", "tersor"}, {"format", "mxfp4"}, {"activations", "mxfp4"}};
  testing::Spill(folder / "trained/config.json", config.dump());
  const std::string arguments = "--prompt 'The function returns' --max-tokens 60 --temperature 0";
  const std::string expected = Generate(kLlama, arguments + " --weights mxfp4-w4a4").out;
  EXPECT_EQ(Generate(folder / "trained", arguments).out, expected);
  for (const char* format : {"gguf --dtype mxfp4", "safetensors --dtype f32"}) {
    const std::string copy = folder / (format[0] == 'g' ? "copy.gguf" : "copy");
    const CommandResult run = RunCommand(kTersor + "export --model " + (folder / "trained") +
                                         " --format " + format + " -o " + copy);
    ASSERT_EQ(run.code, 0) << run.error;
    EXPECT_EQ(Generate(copy, arguments).out, expected) << format;
  }
}

TEST(Export, SafetensorsOpensAgain) {
  const testing::TemporaryFolder folder;
  const CommandResult run = RunCommand(kTersor + "export --model " + kOpt +
                                       " --format safetensors --dtype f32 -o " + (folder / "opt"));
  ASSERT_EQ(run.code, 0) << run.error;
  const std::string arguments = "--prompt 'A table' --max-tokens 30 --temperature 0";
  EXPECT_EQ(Generate(folder / "opt", arguments).out, Generate(kOpt, arguments).out);
  EXPECT_EQ(ReadJsonFile(folder / "opt/config.json")["torch_dtype"], "float32");
}

TEST(Export, RefusesWhatGgufHasNoNameFor) {
  const testing::TemporaryFolder folder;
  const CommandResult run =
      RunCommand(kTersor + "export --model " + kOpt + " -o " + (folder / "opt.gguf"));
  EXPECT_EQ(run.code, 1);
  EXPECT_NE(run.error.find("opt"), std::string::npos);
  EXPECT_EQ(std::count(run.error.begin(), run.error.end(), '\n'), 1);
  EXPECT_FALSE(std::filesystem::exists(folder / "opt.gguf"));
}

TEST(Eval, EnginesAgree) {
  const testing::TemporaryFolder folder;
  testing::Spill(folder / "text.txt", testing::Slurp(TERSOR_SOURCE_DIR "/docs/training.md"));
  const auto perplexity = [&](const std::string& model, const std::string& arguments) {
    const std::string json = folder / "eval.json";
    const CommandResult run =
        RunCommand(kTersor + "eval --model " + model + " --data " + (folder / "text.txt") +
                   " --cache " + (folder / "cache") + " --json " + json + " " + arguments);
    EXPECT_EQ(run.code, 0) << run.error;
    return ReadJsonFile(json)["metrics"]["perplexity"].get<double>();
  };
  for (const std::string& model : {kLlama, kOpt}) {
    const double torch = perplexity(model, "");
    EXPECT_NEAR(perplexity(model, "--engine runtime") / torch, 1, 1e-4);
    EXPECT_NEAR(perplexity(model, "--engine runtime --weights int8") / torch, 1, 0.02);
    EXPECT_NEAR(perplexity(model, "--engine runtime --weights mxfp4") / torch, 1, 0.1);
  }
}

TEST(Eval, RetrievalTextsAreAsLongAsAskedFor) {
  const testing::TemporaryFolder folder;
  const std::string json = folder / "eval.json";
  const CommandResult run = RunCommand(kTersor + "eval --model " + kLlama +
                                       " --retrieval 500 --retrieval-texts 3 --json " + json);
  ASSERT_EQ(run.code, 0) << run.error;
  const auto longest = ReadJsonFile(json)["metrics"]["retrieval_longest_text"].get<int64_t>();
  EXPECT_LE(longest, 500);
  EXPECT_GE(longest, 350);
}

}  // namespace
}  // namespace tersor
