#include "tersor/util/config.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "tersor/util/error.h"
#include "tersor/util/file.h"

namespace tersor {
namespace {

struct Settings {
  bool resume = false;
  int64_t dim = 256;
  uint64_t seed = 7;
  double lr = 1e-3;
  std::string name = "base";
  std::vector<std::string> data = {"a.txt"};
  int64_t steps = 10;

  Schema Bind() {
    Schema schema;
    schema.Add("model.dim", "width", &dim)
        .Add("train.lr", "peak learning rate", &lr)
        .Add("train.optim.steps", "steps", &steps)
        .Add("train.resume", "continue", &resume)
        .Add("seed", "random seed", &seed)
        .Add("name", "run name", &name)
        .Add("data", "text files", &data);
    return schema;
  }
};

/// The message of the UsageError that `yaml` causes, or "" when it loads.
std::string ErrorOf(const std::string& yaml) {
  Settings settings;
  Schema schema = settings.Bind();
  try {
    schema.LoadYaml(yaml, "r.yaml");
  } catch (const UsageError& e) {
    return e.what();
  }
  return "";
}

std::string SetError(const std::string& key, const std::string& value) {
  Settings settings;
  Schema schema = settings.Bind();
  try {
    schema.Set(key, value, "--" + key);
  } catch (const UsageError& e) {
    return e.what();
  }
  return "";
}

TEST(SchemaTest, LoadsEveryType) {
  Settings settings;
  Schema schema = settings.Bind();
  schema.LoadYaml(
      "# a recipe\n"
      "model:\n  dim: 4096\n"
      "train:\n  lr: 1e-3\n  optim: {steps: -5}\n  resume: yes\n"
      "seed: 18446744073709551615\n"
      "name: 'x: \"y\" \xc3\xa9'\n"
      "data:\n  - one.txt\n  - \"2\"\n",
      "r.yaml");
  EXPECT_EQ(settings.dim, 4096);
  EXPECT_EQ(settings.lr, 1e-3);
  EXPECT_EQ(settings.steps, -5);
  EXPECT_TRUE(settings.resume);
  EXPECT_EQ(settings.seed, UINT64_MAX);
  EXPECT_EQ(settings.name, "x: \"y\" \xc3\xa9");
  EXPECT_EQ(settings.data, (std::vector<std::string>{"one.txt", "2"}));
}

TEST(SchemaTest, DottedKeysAndSingleItemListsAreShortForms) {
  Settings settings;
  Schema schema = settings.Bind();
  schema.LoadYaml("train.optim: {steps: 3}\nmodel.dim: 8\ndata: a,b.txt\n", "r.yaml");
  EXPECT_EQ(settings.steps, 3);
  EXPECT_EQ(settings.dim, 8);
  EXPECT_EQ(settings.data, std::vector<std::string>{"a,b.txt"});
}

TEST(SchemaTest, EmptyFilesChangeNothing) {
  for (const char* text : {"", "\n\n", "# only a comment\n", "---\n", "{}", "train: {}\n"}) {
    EXPECT_EQ(ErrorOf(text), "") << text;
  }
}

TEST(SchemaTest, UnknownKeysNameLineAndNearest) {
  EXPECT_EQ(ErrorOf("seed: 1\nmodel:\n  dmi: 8\n"),
            "r.yaml:3: unknown key 'model.dmi'; did you mean 'model.dim'?");
  EXPECT_EQ(ErrorOf("modle:\n  dim: 8\n"), "r.yaml:1: unknown key 'modle'; did you mean 'model'?");
  EXPECT_EQ(ErrorOf("lr: 1\n"), "r.yaml:1: unknown key 'lr'; did you mean 'train.lr'?");
  EXPECT_EQ(ErrorOf("zebra: 1\n"), "r.yaml:1: unknown key 'zebra'; --help lists the known keys");
}

TEST(SchemaTest, WrongTypesNameTheField) {
  EXPECT_EQ(ErrorOf("model:\n  dim: wide\n"), "r.yaml:2: model.dim must be an integer, not 'wide'");
  EXPECT_EQ(ErrorOf("model: {dim: 8x}"), "r.yaml:1: model.dim must be an integer, not '8x'");
  EXPECT_EQ(ErrorOf("model: {dim: 1e3}"), "r.yaml:1: model.dim must be an integer, not '1e3'");
  EXPECT_EQ(ErrorOf("model: {dim: 1_000}"), "r.yaml:1: model.dim must be an integer, not '1_000'");
  EXPECT_EQ(ErrorOf("model: {dim: '8'}"), "r.yaml:1: model.dim must be an integer, not '\"8\"'");
  EXPECT_EQ(ErrorOf("seed: -1"), "r.yaml:1: seed must be a non-negative integer, not '-1'");
  EXPECT_EQ(ErrorOf("train: {resume: 1}"), "r.yaml:1: train.resume must be true or false, not '1'");
  EXPECT_EQ(ErrorOf("train: {lr: [1]}"), "r.yaml:1: train.lr must be a number, not a list");
  EXPECT_EQ(ErrorOf("seed: {a: 1}"),
            "r.yaml:1: seed must be a non-negative integer, not a section");
  EXPECT_EQ(ErrorOf("model: 8"), "r.yaml:1: model is a section; write its keys indented below it");
}

TEST(SchemaTest, NumbersMustFit) {
  EXPECT_EQ(ErrorOf("model: {dim: 9223372036854775808}"),
            "r.yaml:1: model.dim = '9223372036854775808' is out of range");
  EXPECT_EQ(ErrorOf("train: {lr: 1e999}"), "r.yaml:1: train.lr = '1e999' is out of range");
  EXPECT_EQ(ErrorOf("train: {lr: nan}"), "r.yaml:1: train.lr must be finite, not 'nan'");
  EXPECT_EQ(ErrorOf("train: {lr: -inf}"), "r.yaml:1: train.lr must be finite, not '-inf'");
}

TEST(SchemaTest, DuplicateKeysAreRefused) {
  EXPECT_EQ(ErrorOf("seed: 1\nseed: 2\n"), "r.yaml:2: duplicate key 'seed'; keep one of them");
  EXPECT_EQ(ErrorOf("model:\n  dim: 1\nmodel.dim: 2\n"),
            "r.yaml:3: duplicate key 'model.dim'; keep one of them");
}

TEST(SchemaTest, RefusedYamlNamesTheLine) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"seed:\n", "r.yaml:1: seed has no value; give one or remove the line"},
      {"name: ~\n", "r.yaml:1: name has no value; give one or remove the line"},
      {"data: [a, null]\n", "r.yaml:1: data has no value; give one or remove the line"},
      {"~: 1\n", "r.yaml:1: a key is missing before ':'"},
      {"data: [[a]]\n", "r.yaml:1: lists hold plain values, not lists"},
      {"data: [a: 1]\n", "r.yaml:1: lists hold plain values, not mappings"},
      {"? [a]\n: 1\n", "r.yaml:1: a list cannot be a key"},
      {"? {a: 1}\n: 1\n", "r.yaml:1: a mapping cannot be a key"},
      {"just text\n", "r.yaml:1: expected 'key: value' lines"},
      {"- a\n- b\n", "r.yaml:1: expected 'key: value' lines"},
      {"seed: 1\n---\nseed: 2\n",
       "r.yaml:2: a second document starts here; keep one '---' at most"},
      {"seed: !!int 1\n", "r.yaml:1: tag 'tag:yaml.org,2002:int' is not supported; remove it"},
      {"seed: &s 1\n", "r.yaml:1: anchors (&name) are not supported; write the value out"},
      {"name: \"a\\0b\"\n", "r.yaml:1: byte 2 (line 1) is not text; save it as UTF-8"},
      {"seed: 1\nname: \"open\n", "r.yaml:2: not valid YAML: illegal EOF in scalar"},
      {"name: 'open\nseed: 1\n", "r.yaml:2: not valid YAML: illegal EOF in scalar"},
      {"seed: 1\nname: a\xff\n", "r.yaml: byte 16 (line 2) is not text; save it as UTF-8"},
      {std::string("seed: 1\n\x04 junk"), "r.yaml: byte 9 (line 2) is not text; save it as UTF-8"},
  };
  for (const auto& [yaml, message] : cases) {
    EXPECT_EQ(ErrorOf(yaml), message) << yaml;
  }
}

TEST(SchemaTest, InvalidUtf8IsRefused) {
  for (const char* bytes : {"\x80", "\xc0\xaf", "\xc3", "\xe0\x80\x80", "\xed\xa0\x80",
                            "\xf5\x80\x80\x80", "\xf4\x90\x80\x80", "\xf0\x9f\x98"}) {
    EXPECT_NE(SetError("name", bytes), "");
  }
  for (const char* text : {"\xc2\x80", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_EQ(SetError("name", text), "");
  }
}

TEST(SchemaTest, HostileNestingAndAliasesEndAtOnce) {
  std::string deep;
  for (int i = 0; i < 40; ++i) {
    deep += std::string(static_cast<size_t>(i), ' ') + "a:\n";
  }
  EXPECT_EQ(ErrorOf(deep + std::string(40, ' ') + "b: 1\n"),
            "r.yaml:17: nested more than 16 levels deep");
  EXPECT_NE(ErrorOf(std::string(200000, '[')), "");
  EXPECT_NE(ErrorOf("a: " + std::string(200000, '{')), "");
  EXPECT_EQ(ErrorOf(std::string((1 << 20) + 1, ' ')),
            "r.yaml: larger than 1 MiB, which no recipe is");
  EXPECT_EQ(ErrorOf("data: [&a x, *a, *a]\n"),
            "r.yaml:1: anchors (&name) are not supported; write the value out");
  EXPECT_EQ(ErrorOf(std::string(300, 'k') + ": 1\n"),
            "r.yaml:1: key '" + std::string(60, 'k') + "...' is too long");
}

TEST(SchemaTest, BadRecipeChangesNothing) {
  Settings settings;
  Schema schema = settings.Bind();
  EXPECT_THROW(schema.LoadYaml("name: new\nseed: 3\nmodel: {dim: wide}\n", "r.yaml"), UsageError);
  EXPECT_EQ(settings.name, "base");
  EXPECT_EQ(settings.seed, 7u);
}

TEST(SchemaTest, SetReadsTextAsACommandLineDoes) {
  Settings settings;
  Schema schema = settings.Bind();
  schema.Set("train.lr", "3e-4", "--train.lr");
  schema.Set("train.resume", "true", "--train.resume");
  schema.Set("data", "a,b.txt,c", "--data");
  schema.Set("name", "", "--name");
  EXPECT_EQ(settings.lr, 3e-4);
  EXPECT_TRUE(settings.resume);
  EXPECT_EQ(settings.data, (std::vector<std::string>{"a", "b.txt", "c"}));
  EXPECT_EQ(settings.name, "");
  schema.Set("data", "", "--data");
  EXPECT_TRUE(settings.data.empty());

  EXPECT_EQ(SetError("train.rl", "1"),
            "--train.rl: unknown key 'train.rl'; did you mean 'train.lr'?");
  EXPECT_EQ(SetError("model.dim", ""), "--model.dim: model.dim must be an integer, not ''");
  EXPECT_EQ(SetError("model.dim", " 8"), "--model.dim: model.dim must be an integer, not ' 8'");
  EXPECT_EQ(SetError("model", "8"),
            "--model: model is a section; set one of its keys, such as 'model.dim'");
}

TEST(SchemaTest, ToJsonNestsInBindingOrder) {
  Settings settings;
  const Schema schema = settings.Bind();
  EXPECT_EQ(schema.ToJson().dump(),
            R"({"model":{"dim":256},"train":{"lr":0.001,"optim":{"steps":10},"resume":false},)"
            R"("seed":7,"name":"base","data":["a.txt"]})");
}

TEST(SchemaTest, LoadYamlFileNamesTheFile) {
  const std::string path = testing::TempDir() + "config_test.yaml";
  WriteFileAtomically(path, "model:\n  dmi: 3\n");
  Settings settings;
  Schema schema = settings.Bind();
  try {
    schema.LoadYamlFile(path);
    FAIL() << "an unknown key was accepted";
  } catch (const UsageError& e) {
    EXPECT_EQ(std::string(e.what()).find(path + ":2: "), 0u) << e.what();
  }
  EXPECT_THROW(schema.LoadYamlFile(path + ".missing"), Error);
}

TEST(NearestNameTest, AllowsAThirdOfTheLettersToDiffer) {
  const std::vector<std::string> names = {"train", "prune", "eval", "model"};
  EXPECT_EQ(NearestName("trian", names), "train");
  EXPECT_EQ(NearestName("prun", names), "prune");
  EXPECT_EQ(NearestName("evals", names), "eval");
  EXPECT_EQ(NearestName("model", names), "model");
  EXPECT_EQ(NearestName("serve", names), "");
  EXPECT_EQ(NearestName("", names), "");
  EXPECT_EQ(NearestName(std::string(100000, 'a'), names), "");
}

}  // namespace
}  // namespace tersor
