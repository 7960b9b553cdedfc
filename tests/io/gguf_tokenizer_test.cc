#include "tersor/io/gguf_tokenizer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include "io/random_checkpoint.h"
#include "tersor/io/sentencepiece_model.h"
#include "tersor/util/error.h"
#include "tersor/util/rng.h"
#include "test_files.h"

namespace tersor::io {
namespace {

ModelConfig WithVocabulary(int64_t size) {
  ModelConfig config = testing_checkpoint::SmallConfig(Architecture::kLlama);
  config.vocab_size = size;
  return config;
}

GgufMetadata Export(const std::string& folder, int64_t vocab_size) {
  GgufMetadata metadata("test.gguf");
  SetGgufTokenizer(folder, WithVocabulary(vocab_size), metadata);
  return metadata;
}

void ExpectError(const std::function<void()>& act, const std::string& part) {
  try {
    act();
    ADD_FAILURE() << "accepted; expected: " << part;
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
    EXPECT_EQ(std::string(e.what()).find('\n'), std::string::npos) << e.what();
  }
}

/// Words, spaces, digits, marks, other scripts and bytes that are no UTF-8, mixed.
std::string RandomText(const Rng& rng, uint64_t& draw) {
  static constexpr const char* kParts[] = {"the",
                                           " quick",
                                           " brown ",
                                           "fox",
                                           "  ",
                                           "\n",
                                           "jumps",
                                           " 123",
                                           "over",
                                           "\xc3\xa9",
                                           "zq",
                                           " ",
                                           "lazy",
                                           "\t",
                                           "<s>",
                                           "\xff",
                                           "dog",
                                           "</s>",
                                           "\xe4\xbd\xa0",
                                           "<0x41>",
                                           " number ",
                                           "mber",
                                           "42",
                                           "\xc3",
                                           "ju",
                                           "umps over ",
                                           "\xe2\x96\x81",
                                           "   \n\n ",
                                           "<unk>",
                                           "a",
                                           "\xf0\x9f\x98\x80"};
  std::string text;
  for (uint64_t parts = rng.Below(draw++, 16); parts > 0; --parts) {
    text += kParts[rng.Below(draw++, std::size(kParts))];
  }
  return text;
}

void ExpectSameTokens(const Tokenizer& ours, const Tokenizer& theirs) {
  const Rng rng(9);
  uint64_t draw = 0;
  for (int round = 0; round < 2000; ++round) {
    const std::string text = RandomText(rng, draw);
    for (const bool parse_special : {false, true}) {
      const std::vector<int32_t> ids = theirs.Encode(text, parse_special);
      ASSERT_EQ(ours.Encode(text, parse_special), ids) << text;
      ASSERT_EQ(ours.Decode(ids), theirs.Decode(ids)) << text;
    }
  }
  for (int32_t id = 0; id < theirs.vocab_size(); ++id) {
    ASSERT_EQ(ours.TokenBytes(id), theirs.TokenBytes(id)) << id;
  }
  EXPECT_EQ(ours.bos_id(), theirs.bos_id());
  EXPECT_EQ(ours.eos_id(), theirs.eos_id());
  EXPECT_EQ(ours.adds_bos(), theirs.adds_bos());
}

class GgufSentencePiece : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new testing::TemporaryFolder;
    std::string text;
    for (int i = 0; i < 300; ++i) {
      text += "the quick brown fox number " + std::to_string(i) + " jumps over the lazy dog\n";
    }
    const std::string_view documents[] = {text};
    TrainSentencePiece(documents, {.vocab_size = 340}, folder_->path());
  }
  static void TearDownTestSuite() { delete folder_; }
  static inline testing::TemporaryFolder* folder_ = nullptr;
};

TEST_F(GgufSentencePiece, GivesTheTokensOfGooglesLibrary) {
  const auto theirs = LoadTokenizer(folder_->path());
  const auto ours = LoadGgufTokenizer(Export(folder_->path(), 340));
  EXPECT_EQ(ours->vocab_size(), 340);
  ExpectSameTokens(*ours, *theirs);
}

TEST_F(GgufSentencePiece, Keys) {
  const GgufMetadata metadata = Export(folder_->path(), 352);
  EXPECT_EQ(metadata.String("tokenizer.ggml.model"), "llama");
  EXPECT_EQ(metadata.Int("tokenizer.ggml.unknown_token_id"), 0);
  EXPECT_EQ(metadata.Int("tokenizer.ggml.bos_token_id"), 1);
  EXPECT_EQ(metadata.Int("tokenizer.ggml.eos_token_id"), 2);
  EXPECT_FALSE(metadata.Has("tokenizer.ggml.padding_token_id"));
  EXPECT_TRUE(metadata.Bool("tokenizer.ggml.add_bos_token", false));
  EXPECT_FALSE(metadata.Bool("tokenizer.ggml.add_eos_token", true));
  EXPECT_TRUE(metadata.Bool("tokenizer.ggml.add_space_prefix", false));
  const auto tokens = metadata.Strings("tokenizer.ggml.tokens");
  const auto types = metadata.Ints("tokenizer.ggml.token_type");
  EXPECT_EQ(tokens.size(), 352u);  // filled up to the embedding's rows
  EXPECT_EQ(tokens[351], "[PAD351]");
  EXPECT_EQ(types[0], 2);
  EXPECT_EQ(types[1], 3);
  EXPECT_EQ(tokens[3 + 10], "<0x0A>");
  EXPECT_EQ(types[3 + 10], 6);
  EXPECT_EQ(types[300], 1);
  EXPECT_EQ(types[351], 5);
  EXPECT_LT(metadata.Numbers("tokenizer.ggml.scores")[300],
            metadata.Numbers("tokenizer.ggml.scores")[299]);
  EXPECT_EQ(LoadGgufTokenizer(metadata)->vocab_size(), 352);
}

TEST_F(GgufSentencePiece, AddedTokens) {
  const testing::TemporaryFolder folder;
  testing::Spill(folder / "tokenizer.model", testing::Slurp(*folder_ / "tokenizer.model"));
  testing::Spill(folder / "tokenizer_config.json", R"({
    "eos_token": "<|im_end|>", "add_bos_token": false, "add_eos_token": true,
    "chat_template": "{{ messages }}", "added_tokens_decoder": {
      "1": {"content": "<s>", "special": true}, "340": {"content": "@@", "special": false},
      "341": {"content": "<|im_end|>", "special": true}}})");
  const GgufMetadata metadata = Export(folder.path(), 342);
  EXPECT_EQ(metadata.String("tokenizer.chat_template"), "{{ messages }}");
  EXPECT_TRUE(metadata.Bool("tokenizer.ggml.add_eos_token", false));
  const auto theirs = LoadTokenizer(folder.path());
  const auto ours = LoadGgufTokenizer(metadata);
  ExpectSameTokens(*ours, *theirs);
  for (const std::string text : {"fox@@dog<|im_end|>", "@@", " @@ ", "<|im_end|> the"}) {
    for (const bool parse_special : {false, true}) {
      EXPECT_EQ(ours->Encode(text, parse_special), theirs->Encode(text, parse_special)) << text;
    }
  }
  ExpectError([&] { Export(folder.path(), 341); }, "has 342 tokens");
}

TEST_F(GgufSentencePiece, ReadsTheModelFile) {
  const std::string bytes = testing::Slurp(*folder_ / "tokenizer.model");
  const SentencePieceModel model = ParseSentencePieceModel(bytes, "test.model");
  EXPECT_EQ(model.type, SentencePieceModel::Type::kBpe);
  ASSERT_EQ(model.pieces.size(), 340u);
  EXPECT_EQ(model.pieces[0].text, "<unk>");
  EXPECT_EQ(model.pieces[0].kind, PieceKind::kUnknown);
  EXPECT_EQ(model.pieces[2].kind, PieceKind::kControl);
  EXPECT_EQ(model.pieces[3].kind, PieceKind::kByte);
  EXPECT_EQ(model.pieces[260].score, -1);
  EXPECT_TRUE(model.add_dummy_prefix);
  EXPECT_FALSE(model.remove_extra_whitespaces);
  EXPECT_FALSE(model.rewrites_characters);
  for (size_t size = 0; size < bytes.size(); size += 1 + size / 64) {
    try {
      ParseSentencePieceModel(bytes.substr(0, size), "test.model");  // may end between two fields
    } catch (const Error& e) {
      EXPECT_EQ(std::string(e.what()).rfind("test.model: not a sentencepiece model", 0), 0u);
    }
  }
}

TEST(SentencePieceModel, RefusesDamage) {
  const auto refuses = [](const std::string& bytes, const std::string& part) {
    ExpectError([&] { ParseSentencePieceModel(bytes, "test.model"); }, part);
  };
  refuses("", "it has no pieces");
  refuses("not a model", "not a sentencepiece model");
  refuses(std::string(11, '\xff'), "truncated or damaged");     // a varint without an end
  refuses("\x0a\xff\xff\xff\xff\x0f", "truncated or damaged");  // a huge length
  refuses("\x0a\x02\x0a\x05", "truncated or damaged");          // a length beyond its message
  refuses("\x0b", "truncated or damaged");                      // a group
  refuses("\x0a\x02\x18\x07", "unknown kind 7");
  refuses(std::string("\x0a\x00\x12\x02\x18\x09", 6), "unknown model type 9");
}

constexpr const char* kGpt2 = "gpt2.json";

/// A folder with one of the kept tokenizer.json files.
struct JsonFolder : testing::TemporaryFolder {
  explicit JsonFolder(const std::string& name) {
    testing::Spill(*this / "tokenizer.json",
                   testing::Slurp(TERSOR_SOURCE_DIR "/fuzz/corpus/tokenizer_json/" + name));
  }
};

TEST(GgufByteLevel, GivesTheTokensOfTokenizerJson) {
  const JsonFolder folder(kGpt2);
  const auto theirs = LoadTokenizer(folder.path());
  const GgufMetadata metadata = Export(folder.path(), theirs->vocab_size());
  EXPECT_EQ(metadata.String("tokenizer.ggml.model"), "gpt2");
  EXPECT_EQ(metadata.String("tokenizer.ggml.pre"), "gpt-2");
  ExpectSameTokens(*LoadGgufTokenizer(metadata), *theirs);
}

/// All 256 bytes, "th", "the", "ethe" (which no merge makes) and two special tokens, cut by this
/// pattern.
std::string ByteLevelJson(const std::string& pattern, const std::string& normalizer,
                          bool ignore_merges) {
  Json vocab = Json::object();
  int next = 0;
  const auto add = [&](uint32_t code) {
    const std::string text = code < 0x80 ? std::string(1, static_cast<char>(code))
                                         : std::string{static_cast<char>(0xC0 | code >> 6),
                                                       static_cast<char>(0x80 | (code & 63))};
    vocab[text] = next++;
  };
  for (uint32_t code = 33; code < 256; ++code) {
    if (code <= 126 || (code >= 161 && code != 173)) {
      add(code);
    }
  }
  for (uint32_t code = 256; code < 256 + 68; ++code) {
    add(code);
  }
  vocab["th"] = next++;
  vocab["the"] = next++;
  vocab["12"] = next++;
  vocab["ethe"] = next++;
  return Json{{"normalizer", Json::parse(normalizer)},
              {"added_tokens",
               {{{"id", next}, {"content", "<|end|>"}, {"special", true}},
                {{"id", next + 1}, {"content", "@@"}, {"special", false}}}},
              {"pre_tokenizer",
               {{"type", "Sequence"},
                {"pretokenizers",
                 {{{"type", "Split"}, {"pattern", {{"Regex", pattern}}}, {"behavior", "Isolated"}},
                  {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}}}}}},
              {"model",
               {{"type", "BPE"},
                {"ignore_merges", ignore_merges},
                {"vocab", vocab},
                {"merges", {"t h", "th e", "1 2"}}}}}
      .dump();
}

TEST(GgufByteLevel, PreTokenizersOfLlama3AndQwen2) {
  const std::string head = R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|)",
                    tail = R"(| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
  const auto check = [](const std::string& json, const std::string& pre) {
    const testing::TemporaryFolder folder;
    testing::Spill(folder / "tokenizer.json", json);
    testing::Spill(folder / "tokenizer_config.json",
                   R"({"eos_token": "<|end|>", "add_bos_token": false})");
    const auto theirs = LoadTokenizer(folder.path());
    const GgufMetadata metadata = Export(folder.path(), theirs->vocab_size() + 3);
    EXPECT_EQ(metadata.String("tokenizer.ggml.pre"), pre);
    const auto ours = LoadGgufTokenizer(metadata);
    ExpectSameTokens(*ours, *theirs);
    EXPECT_EQ(ours->Encode("x@@12<|end|>", true), theirs->Encode("x@@12<|end|>", true));
    EXPECT_EQ(ours->Encode("ethe"), theirs->Encode("ethe"));
    EXPECT_EQ(ours->vocab_size(), theirs->vocab_size() + 3);
  };
  check(ByteLevelJson(head + R"(\p{N}{1,3})" + tail, "null", true), "llama-bpe");
  check(ByteLevelJson(head + R"(\p{N}{1,3})" + tail, "null", false), "smaug-bpe");
  check(ByteLevelJson(head + R"(\p{N})" + tail, R"({"type": "NFC"})", false), "qwen2");
  const testing::TemporaryFolder folder;
  testing::Spill(folder / "tokenizer.json", ByteLevelJson(R"(\w+)", "null", false));
  ExpectError([&] { Export(folder.path(), 400); }, "GGUF has no name for this pre-tokenizer");
}

TEST(GgufByteLevel, SpaceMarksNeedTheirScores) {
  const JsonFolder folder("llama2.json");
  ExpectError([&] { Export(folder.path(), 400); }, "needs its tokenizer.model");
}

TEST(GgufTokenizer, RawBytes) {
  const testing::TemporaryFolder folder;
  testing::Spill(folder / "tokenizer_config.json", R"({"tokenizer_class": "ByteTokenizer"})");
  const auto ours = LoadGgufTokenizer(Export(folder.path(), 258));
  const auto theirs = MakeByteTokenizer();
  for (const std::string text : {"", "fox \xff dog ", "\xe4\xbd\xa0\n"}) {
    EXPECT_EQ(ours->Encode(text), theirs->Encode(text));
    EXPECT_EQ(ours->Decode(theirs->Encode(text)), text);
  }
  EXPECT_EQ(ours->bos_id(), 256);
  EXPECT_EQ(ours->eos_id(), 257);
}

/// <unk>, <s>, the bytes, then a b c ab bc abc with these scores.
GgufMetadata Letters(const std::vector<float>& six_scores, std::vector<int32_t> six_types) {
  std::vector<std::string> tokens = {"<unk>", "<s>"};
  std::vector<float> scores(258);
  std::vector<int32_t> types = {2, 3};
  for (int byte = 0; byte < 256; ++byte) {
    constexpr const char* kHex = "0123456789ABCDEF";
    tokens.push_back(std::string("<0x") + kHex[byte / 16] + kHex[byte % 16] + ">");
    types.push_back(6);
  }
  for (const char* letter : {"a", "b", "c", "ab", "bc", "abc"}) {
    tokens.emplace_back(letter);
  }
  scores.insert(scores.end(), six_scores.begin(), six_scores.end());
  types.insert(types.end(), six_types.begin(), six_types.end());
  GgufMetadata metadata("test.gguf");
  metadata.Set("tokenizer.ggml.model", GgufValue::String("llama"));
  metadata.Set("tokenizer.ggml.tokens", GgufValue::Strings(tokens));
  metadata.Set("tokenizer.ggml.scores", GgufValue::Float32s(scores));
  metadata.Set("tokenizer.ggml.token_type", GgufValue::Int32s(types));
  metadata.Set("tokenizer.ggml.add_space_prefix", GgufValue::Bool(false));
  return metadata;
}

TEST(GgufTokenizer, TheBestScoreMergesFirst) {
  const std::vector<int32_t> normal(6, 1);
  const auto encode = [](const GgufMetadata& metadata, const std::string& text) {
    return LoadGgufTokenizer(metadata)->Encode(text);
  };
  using Ids = std::vector<int32_t>;
  EXPECT_EQ(encode(Letters({0, 0, 0, -1, -2, -9}, normal), "abc"), Ids{263});
  EXPECT_EQ(encode(Letters({0, 0, 0, -1, -2, -9}, normal), "bcab"), (Ids{262, 261}));
  EXPECT_EQ(encode(Letters({0, 0, 0, -1, -1, -9}, normal), "bcbc"), (Ids{262, 262}));
  EXPECT_EQ(encode(Letters({0, 0, 0, -1, -2, -9}, normal), "aab"), (Ids{258, 261}));
  // "ab" merges on the way to "abc", but a text of it alone falls apart again.
  const std::vector<int32_t> unused = {1, 1, 1, 5, 1, 1};
  EXPECT_EQ(encode(Letters({0, 0, 0, -1, -2, -9}, unused), "ab abc"),
            (Ids{258, 259, 2 + 0xE2, 2 + 0x96, 2 + 0x81, 263}));
  // A character that is no token is its bytes.
  EXPECT_EQ(encode(Letters({0, 0, 0, -1, -2, -9}, normal), "a\xc3\xa9"),
            (Ids{258, 2 + 0xC3, 2 + 0xA9}));
}

TEST(GgufTokenizer, ALongWordIsNoTrap) {
  const auto tokenizer =
      LoadGgufTokenizer(Letters({0, 0, 0, -1, -2, -9}, std::vector<int32_t>(6, 1)));
  std::string text;
  while (text.size() < 300000) {
    text += "abcab";
  }
  EXPECT_EQ(tokenizer->Decode(tokenizer->Encode(text)), text);
}

TEST(GgufTokenizer, Refusals) {
  const std::vector<int32_t> normal(6, 1);
  const auto expect = [&](const std::string& key, const GgufValue& value, const std::string& part) {
    GgufMetadata metadata = Letters({0, 0, 0, -1, -2, -9}, normal);
    metadata.Set(key, value);
    ExpectError([&] { LoadGgufTokenizer(metadata); }, part);
  };
  const auto text = [](const char* value) { return GgufValue::String(value); };
  const std::vector<std::string> one = {"<unk>"};
  expect("tokenizer.ggml.model", text("bert"), "tokenizer 'bert' is not supported");
  expect("tokenizer.ggml.model", text("gpt2"), "pre-tokenizer 'default' is not supported");
  expect("tokenizer.ggml.tokens", text("a"), "'tokenizer.ggml.tokens' is not an array");
  expect("tokenizer.ggml.tokens", GgufValue::Strings(one), "has 264 entries for 1 tokens");
  expect("tokenizer.ggml.tokens", GgufValue::Strings({}), "has 0 entries");
  expect("tokenizer.ggml.token_type", GgufValue::Int32s(std::vector<int32_t>(264, 9)),
         "is of unknown type 9");
  expect("tokenizer.ggml.token_type", GgufValue::Int32s(std::vector<int32_t>(264, 1)),
         "neither all 256 bytes nor an unknown token");
  expect("tokenizer.ggml.token_type", GgufValue::Int32s(std::vector<int32_t>(264, 6)),
         "token '<unk>' is no byte");
  expect("tokenizer.ggml.scores", GgufValue::Float32s(std::vector<float>(264, NAN)),
         "score that is no number");
  expect("tokenizer.ggml.bos_token_id", GgufValue::Uint32(264), "but there are 264 tokens");
  std::vector<std::string> twice =
      Letters({0, 0, 0, 0, 0, 0}, normal).Strings("tokenizer.ggml.tokens");
  twice[260] = "a";
  expect("tokenizer.ggml.tokens", GgufValue::Strings(twice), "token 'a' is there twice");
  GgufMetadata metadata = Letters({0, 0, 0, -1, -2, -9}, normal);
  metadata.Set("tokenizer.ggml.model", text("gpt2"));
  metadata.Set("tokenizer.ggml.pre", text("gpt-2"));
  ExpectError([&] { LoadGgufTokenizer(metadata); }, "'tokenizer.ggml.merges' is missing");
  metadata.Set("tokenizer.ggml.merges", GgufValue::Strings(std::vector<std::string>{"ab"}));
  ExpectError([&] { LoadGgufTokenizer(metadata); }, "merge 'ab' is not two tokens");
}

}  // namespace
}  // namespace tersor::io
