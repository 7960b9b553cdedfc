#include "tersor/runtime/engine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "random_model.h"
#include "tersor/util/error.h"

namespace tersor::runtime {
namespace {

using testing::SmallLlama;
using testing::WriteRandomModel;

GenerateOptions Greedy(int64_t tokens) {
  GenerateOptions options;
  options.max_tokens = tokens;
  options.sampling.temperature = 0;
  options.ignore_eos = true;
  return options;
}

class EngineTest : public ::testing::Test {
 protected:
  void SetUp() override { WriteRandomModel(folder_.path(), SmallLlama()); }
  std::unique_ptr<Engine> Load(const EngineOptions& options = {}) {
    return Engine::Load(folder_.path(), options);
  }
  testing::TemporaryFolder folder_;
};

/// The most likely tokens by running the whole sequence again for each: the definition.
std::vector<int32_t> GreedyByDefinition(Engine& engine, std::vector<int32_t> tokens, int64_t n) {
  const auto prompt = static_cast<std::ptrdiff_t>(tokens.size());
  for (int64_t i = 0; i < n; ++i) {
    const std::vector<float> logits = engine.Logits(tokens);
    const auto last = logits.end() - engine.config().vocab_size;
    tokens.push_back(static_cast<int32_t>(std::max_element(last, logits.end()) - last));
  }
  return {tokens.begin() + prompt, tokens.end()};
}

TEST_F(EngineTest, GreedyTextIsTheDefinitions) {
  for (const char* weights : {"", "bf16", "int8"}) {
    EngineOptions options;
    options.weights = weights;
    const auto engine = Load(options);
    const std::vector<int32_t> prompt = engine->Encode("To be, or");
    EXPECT_EQ(engine->Generate(prompt, Greedy(30)).tokens, GreedyByDefinition(*engine, prompt, 30))
        << weights;
  }
}

TEST_F(EngineTest, ChunksOfThePromptDoNotMatter) {
  EngineOptions small;
  small.prefill_chunk = 3;
  const auto whole = Load(), parts = Load(small);
  const std::vector<int32_t> prompt = whole->Encode("a prompt of many chunks");
  EXPECT_EQ(whole->Generate(prompt, Greedy(20)).tokens, parts->Generate(prompt, Greedy(20)).tokens);
  const std::vector<float> a = whole->Logits(prompt), b = parts->Logits(prompt);
  for (size_t i = 0; i < a.size(); ++i) {
    ASSERT_NEAR(a[i], b[i], 1e-3);
  }
}

TEST_F(EngineTest, ABatchGivesWhatEachPromptGives) {
  const auto engine = Load();
  std::vector<std::vector<int32_t>> prompts;
  for (const char* text : {"one", "the second prompt", "x", "a third, the longest of them all"}) {
    prompts.push_back(engine->Encode(text));
  }
  const std::vector<Generated> together = engine->GenerateBatch(prompts, Greedy(25));
  for (size_t i = 0; i < prompts.size(); ++i) {
    const Generated alone = engine->Generate(prompts[i], Greedy(25));
    EXPECT_EQ(together[i].tokens, alone.tokens);
    EXPECT_EQ(together[i].text, alone.text);
  }
}

TEST_F(EngineTest, AReusedPrefixGivesTheSame) {
  const auto engine = Load();
  const std::vector<int32_t> first = engine->Encode("A common beginning, then one thing");
  const std::vector<int32_t> second = engine->Encode("A common beginning, but another");
  Generation before(first, Greedy(5), engine->NewCache());
  Generation* step[] = {&before};
  while (!before.finished()) {
    engine->Step(step);
  }
  const auto common = std::mismatch(first.begin(), first.end(), second.begin()).first;
  KvCache cache = engine->NewCache();
  cache.CopyPrefix(before.TakeCache(), common - first.begin());
  Generation again(second, Greedy(20), std::move(cache), common - first.begin());
  EXPECT_EQ(again.reused_tokens(), common - first.begin());
  step[0] = &again;
  while (!again.finished()) {
    engine->Step(step);
  }
  const std::vector<int32_t> expected = engine->Generate(second, Greedy(20)).tokens;
  EXPECT_EQ(std::vector<int32_t>(again.generated().begin(), again.generated().end()), expected);
}

TEST_F(EngineTest, SamplingFollowsTheSeed) {
  const auto engine = Load();
  const std::vector<int32_t> prompt = engine->Encode("seed");
  GenerateOptions options;
  options.max_tokens = 30;
  options.ignore_eos = true;
  options.sampling.temperature = 2;
  const std::vector<int32_t> a = engine->Generate(prompt, options).tokens;
  EXPECT_EQ(engine->Generate(prompt, options).tokens, a);
  options.sampling.seed = 1;
  EXPECT_NE(engine->Generate(prompt, options).tokens, a);
}

TEST_F(EngineTest, BFloat16CacheIsClose) {
  EngineOptions options;
  options.cache = "bf16";
  const auto exact = Load(), rounded = Load(options);
  const std::vector<int32_t> prompt = exact->Encode("keys and values in sixteen bits");
  const std::vector<float> a = exact->Logits(prompt), b = rounded->Logits(prompt);
  double square = 0, difference = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    square += a[i] * a[i];
    difference += (a[i] - b[i]) * (a[i] - b[i]);
  }
  EXPECT_GT(difference, 0);
  EXPECT_LT(std::sqrt(difference / square), 0.02);
}

TEST_F(EngineTest, StopsAtTheContextsEnd) {
  EngineOptions options;
  options.context = 40;
  const auto engine = Load(options);
  const std::vector<int32_t> prompt = engine->Encode("0123456789");
  const Generated generated = engine->Generate(prompt, Greedy(0));
  EXPECT_EQ(generated.reason, FinishReason::kLength);
  EXPECT_EQ(prompt.size() + generated.tokens.size(), 40);
}

TEST_F(EngineTest, StopStringEndsTheAnswer) {
  const auto engine = Load();
  const std::vector<int32_t> prompt = engine->Encode("stop");
  const Generated whole = engine->Generate(prompt, Greedy(40));
  GenerateOptions options = Greedy(40);
  // Two bytes of the middle that are text: random weights mostly write broken characters.
  size_t at = whole.text.size() / 2;
  while (whole.text[at] < ' ' || whole.text[at + 1] < ' ') {
    ++at;
  }
  const std::string stop = whole.text.substr(at, 2);
  options.stop = {stop};
  const Generated cut = engine->Generate(prompt, options);
  EXPECT_EQ(cut.reason, FinishReason::kStop);
  EXPECT_EQ(cut.text, whole.text.substr(0, whole.text.find(stop)));
}

TEST_F(EngineTest, PromptsAttendInInt8) {
  io::ModelConfig config = SmallLlama();
  config.max_position_embeddings = 700;
  WriteRandomModel(folder_.path(), config);
  EngineOptions options;
  options.attention = "int8";
  const auto dense = Load(), int8 = Load(options);
  std::vector<int32_t> prompt(650);
  for (size_t i = 0; i < prompt.size(); ++i) {
    prompt[i] = static_cast<int32_t>(i * i % 251);
  }
  const std::vector<float> exact = dense->Logits(prompt), coded = int8->Logits(prompt);
  double difference = 0, size = 0;
  for (size_t i = 0; i < exact.size(); ++i) {
    difference += std::abs(coded[i] - exact[i]);
    size += std::abs(exact[i]);
  }
  EXPECT_GT(difference, 0);
  EXPECT_LT(difference, 0.15 * size);  // random layers make small errors large
}

void ExpectError(const std::function<void()>& run, const std::string& part) {
  try {
    run();
    FAIL() << "no error with: " << part;
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
  }
}

TEST_F(EngineTest, BadInputIsOneClearLine) {
  EngineOptions options;
  options.context = 97;
  ExpectError([&] { Load(options); }, "longer than the model's 96");
  options = {};
  options.weights = "int3";
  ExpectError([&] { Load(options); }, "unknown weight format int3");
  options = {};
  options.cache = "f16";
  ExpectError([&] { Load(options); }, "use f32 or bf16");
  const auto engine = Load();
  ExpectError([&] { engine->Generate({}, Greedy(1)); }, "prompt is empty");
  ExpectError([&] { engine->Generate(std::vector<int32_t>(96, 65), Greedy(1)); },
              "leaves no room in the context of 96");
  ExpectError(
      [&] {
        engine->Generate(std::vector<int32_t>{65, 300}, Greedy(1));
      },
      "token 300 is outside");
}

TEST_F(EngineTest, NamesTheTensorThatIsNotFinite) {
  std::string bytes = testing::Slurp(folder_ / "model.safetensors");
  const io::TensorStore store = io::TensorStore::Open(folder_.path());
  const std::span<const std::byte> up = store.Get("model.layers.1.mlp.up_proj.weight").bytes;
  const std::string value(reinterpret_cast<const char*>(up.data()), 16);
  bytes.replace(bytes.find(value) + 4, 4, std::string("\x00\x00\xc0\x7f", 4));
  testing::Spill(folder_ / "model.safetensors", bytes);
  const auto engine = Load();
  ExpectError([&] { engine->Generate(engine->Encode("x"), Greedy(1)); },
              "tensor model.layers.1.mlp.up_proj.weight holds a value that is not finite");
}

}  // namespace
}  // namespace tersor::runtime
