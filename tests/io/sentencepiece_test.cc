#include "tersor/io/sentencepiece.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <iterator>
#include <string>
#include <vector>

#include "tersor/io/tokenizer.h"
#include "tersor/util/error.h"
#include "tersor/util/json.h"
#include "tersor/util/rng.h"
#include "test_files.h"

namespace tersor::io {
namespace {

class SentencePiece : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new testing::TemporaryFolder;
    const std::string text = Corpus();
    const std::string_view documents[] = {text};
    TrainSentencePiece(documents, {.vocab_size = 340}, folder_->path());
    tokenizer_ = LoadTokenizer(folder_->path());
  }
  static void TearDownTestSuite() {
    tokenizer_.reset();
    delete folder_;
  }
  static std::string Corpus() {
    std::string text;
    for (int i = 0; i < 300; ++i) {
      text += "the quick brown fox number " + std::to_string(i) + " jumps over the lazy dog\n";
    }
    return text;
  }
  static inline testing::TemporaryFolder* folder_ = nullptr;
  static inline std::shared_ptr<const Tokenizer> tokenizer_;
};

TEST_F(SentencePiece, AnyTextComesBack) {
  for (const std::string text :
       {"the quick brown fox", "  two  spaces ", "tabs\tand\nnewlines\n\n", "1234567", "",
        "h\xc3\xa9 \xe4\xbd\xa0\xe5\xa5\xbd \xf0\x9f\x98\x80 e\xcc\x81", "<s> is text"}) {
    EXPECT_EQ(tokenizer_->Decode(tokenizer_->Encode(text)), text);
  }
}

TEST_F(SentencePiece, BytesOfTokensMakeTheText) {
  const std::string text = "fox \xe4\xbd\xa0\ndog";
  std::string bytes;
  for (const int32_t id : tokenizer_->Encode(text)) {
    bytes += tokenizer_->TokenBytes(id);
  }
  EXPECT_EQ(bytes, " " + text);  // The model puts one space before every text.
}

TEST_F(SentencePiece, SpecialTokens) {
  EXPECT_EQ(tokenizer_->vocab_size(), 340);
  EXPECT_EQ(tokenizer_->bos_id(), 1);
  EXPECT_EQ(tokenizer_->eos_id(), 2);
  EXPECT_TRUE(tokenizer_->adds_bos());
  const std::vector<int32_t> ids = tokenizer_->Encode("fox</s>", true);
  EXPECT_EQ(ids.back(), 2);
  EXPECT_NE(tokenizer_->Encode("fox</s>").back(), 2);
}

TEST_F(SentencePiece, RefusesBadInput) {
  EXPECT_THROW(tokenizer_->TokenBytes(340), Error);
  EXPECT_THROW(tokenizer_->TokenBytes(-1), Error);
  testing::Spill(*folder_ / "broken.model", "not a model");
  EXPECT_THROW(LoadTokenizer(*folder_ / "broken.model"), Error);
  EXPECT_THROW(LoadTokenizer(*folder_ / "nowhere"), Error);
  const std::string_view none[] = {""};
  EXPECT_THROW(TrainSentencePiece(none, {}, folder_->path()), Error);
}

TEST_F(SentencePiece, AnyBytesComeBack) {
  const Rng rng(3);
  uint64_t draw = 0;
  for (int round = 0; round < 100; ++round) {
    std::string bytes;
    while (bytes.size() < 100) {
      const uint64_t word = rng.Bits64(draw++);
      // Bytes, words and the U+FFFD that stands for bad bytes, mixed.
      bytes += word % 3 == 0   ? std::string(1, static_cast<char>(word >> 8))
               : word % 3 == 1 ? " fox\n"
                               : "\xef\xbf\xbd";
    }
    ASSERT_EQ(tokenizer_->Decode(tokenizer_->Encode(bytes)), bytes) << round;
  }
  EXPECT_EQ(tokenizer_->Encode("\xff").back(), 3 + 0xFF);  // byte tokens follow <unk>, <s>, </s>
}

TEST_F(SentencePiece, AnyBytesComeBackWhereTheReplacementCharacterIsAToken) {
  const testing::TemporaryFolder folder;
  std::string text = Corpus();
  for (int i = 0; i < 300; ++i) {
    text += "damaged \xef\xbf\xbd\xef\xbf\xbd byte\n";
  }
  const std::string_view documents[] = {text};
  TrainSentencePiece(documents, {.vocab_size = 360}, folder.path());
  const auto tokenizer = LoadTokenizer(folder.path());
  ASSERT_LE(tokenizer->Encode("\xef\xbf\xbd").size(), 2u);  // a token, not its three bytes
  for (const std::string bytes :
       {"\xef\xbf\xbd fox", "fox \xff dog", "\xc3 damaged \xef\xbf\xbd\xef\xbf\xbd\x80",
        "\xef\xb7\x90 \xef\xb7\xff \xef\xb7\x91"}) {
    EXPECT_EQ(tokenizer->Decode(tokenizer->Encode(bytes)), bytes);
  }
}

TEST_F(SentencePiece, TrainingIsDeterministic) {
  const testing::TemporaryFolder again;
  const std::string text = Corpus();
  const std::string_view documents[] = {text};
  TrainSentencePiece(documents, {.vocab_size = 340}, again.path());
  EXPECT_EQ(testing::Slurp(again / "tokenizer.model"),
            testing::Slurp(*folder_ / "tokenizer.model"));
}

TEST_F(SentencePiece, OneDocumentLargerThanTheSample) {
  const testing::TemporaryFolder folder;
  const std::string text = Corpus() + std::string(10000, 'x');
  const std::string_view documents[] = {text};
  TrainSentencePiece(documents, {.vocab_size = 320, .max_sample_bytes = 8000}, folder.path());
  EXPECT_EQ(LoadTokenizer(folder.path())->vocab_size(), 320);
}

TEST_F(SentencePiece, AddedTokensOfAFineTunedFolder) {
  const testing::TemporaryFolder folder;
  testing::Spill(folder / "tokenizer.model", testing::Slurp(*folder_ / "tokenizer.model"));
  testing::Spill(folder / "added_tokens.json", R"({"<|im_end|>": 341, "<|im_start|>": 340})");
  testing::Spill(folder / "tokenizer_config.json",
                 R"({"eos_token": "<|im_end|>", "add_bos_token": false})");
  const auto tokenizer = LoadTokenizer(folder.path());
  EXPECT_EQ(tokenizer->vocab_size(), 342);
  EXPECT_EQ(tokenizer->bos_id(), 1);
  EXPECT_EQ(tokenizer->eos_id(), 341);
  EXPECT_FALSE(tokenizer->adds_bos());
  const std::vector<int32_t> ids = tokenizer->Encode("<|im_start|>fox<|im_end|>", true);
  EXPECT_EQ(ids.front(), 340);
  EXPECT_EQ(ids.back(), 341);
  EXPECT_EQ(tokenizer->Decode(ids), "fox");
  testing::Spill(folder / "added_tokens.json", R"({"<|im_end|>": 342})");
  EXPECT_THROW(LoadTokenizer(folder.path()), Error);
}

/// A tokenizer.json with the pieces and merges of a sentencepiece BPE model, as converters write
/// it: every way to join two pieces into a third, in the order of the third.
Json AsTokenizerJson(const Tokenizer& model) {
  std::vector<std::string> pieces;
  Json vocab = Json::object();
  for (int32_t id = 0; id < model.vocab_size(); ++id) {
    constexpr const char* kControls[] = {"<unk>", "<s>", "</s>"};
    std::string piece;
    for (const char c : model.TokenBytes(id)) {
      piece += c == ' ' ? "\xe2\x96\x81" : std::string(1, c);
    }
    piece = id < 3 ? kControls[id] : id < 259 ? fmt::format("<0x{:02X}>", id - 3) : piece;
    vocab[piece] = id;
    pieces.push_back(piece);
  }
  Json merges = Json::array();
  for (size_t id = 259; id < pieces.size(); ++id) {
    for (size_t cut = 1; cut < pieces[id].size(); ++cut) {
      const std::string left = pieces[id].substr(0, cut), right = pieces[id].substr(cut);
      if (vocab.contains(left) && vocab.contains(right)) {
        merges.push_back({left, right});
      }
    }
  }
  return {
      {"added_tokens", {{{"id", 1}, {"content", "<s>"}, {"special", true}}}},
      {"normalizer",
       {{"type", "Sequence"},
        {"normalizers",
         {{{"type", "Prepend"}, {"prepend", "\xe2\x96\x81"}},
          {{"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", "\xe2\x96\x81"}}}}}},
      {"decoder", {{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}}},
      {"model", {{"type", "BPE"}, {"byte_fallback", true}, {"vocab", vocab}, {"merges", merges}}}};
}

// Two independent roads to the same tokens: Google's library, and our merges by rank.
TEST_F(SentencePiece, AgreesWithTheSameVocabularyAsTokenizerJson) {
  const auto ours = ParseBpeTokenizer(AsTokenizerJson(*tokenizer_).dump(), "test.json");
  const Rng rng(4);
  uint64_t draw = 0;
  for (int round = 0; round < 300; ++round) {
    std::string text;
    for (uint64_t words = 1 + rng.Below(draw++, 12); words > 0; --words) {
      constexpr const char* kWords[] = {"the",   " quick", "brown ",   "fox", "  ", "\n",
                                        "jumps", " 123",   "\xc3\xa9", "zq",  " ",  "over"};
      text += kWords[rng.Below(draw++, std::size(kWords))];
    }
    ASSERT_EQ(ours->Encode(text), tokenizer_->Encode(text)) << text;
    ASSERT_EQ(ours->Decode(ours->Encode(text)), text);
  }
  EXPECT_EQ(ours->Encode("<s>fox", true), tokenizer_->Encode("<s>fox", true));
  EXPECT_EQ(ours->Decode(ours->Encode("\xff fox\xc3")), "\xff fox\xc3");
}

std::vector<int32_t> EncodeWith(Json json, const Json& metaspace, std::string_view text) {
  json["normalizer"] = nullptr;
  json["pre_tokenizer"] = metaspace;
  json["pre_tokenizer"].update({{"type", "Metaspace"}, {"replacement", "\xe2\x96\x81"}});
  return ParseBpeTokenizer(json.dump(), "test.json")->Encode(text, true);
}

TEST_F(SentencePiece, IsPreferredToTokenizerJson) {
  const testing::TemporaryFolder folder;
  testing::Spill(folder / "tokenizer.json", AsTokenizerJson(*tokenizer_).dump());
  EXPECT_EQ(LoadTokenizer(folder.path())->eos_id(), std::nullopt);  // it names no end
  testing::Spill(folder / "tokenizer.model", testing::Slurp(*folder_ / "tokenizer.model"));
  EXPECT_EQ(LoadTokenizer(folder.path())->eos_id(), 2);
}

TEST_F(SentencePiece, MetaspacePrefixes) {
  const Json json = AsTokenizerJson(*tokenizer_);
  const auto ours = ParseBpeTokenizer(json.dump(), "test.json");
  const std::vector<int32_t> fox = ours->Encode("fox");
  const Json always = {{"prepend_scheme", "always"}}, first = {{"prepend_scheme", "first"}},
             never = {{"prepend_scheme", "never"}};
  EXPECT_EQ(EncodeWith(json, always, "fox"), fox);
  EXPECT_EQ(EncodeWith(json, always, " fox"), fox);  // there is a space already
  EXPECT_EQ(EncodeWith(json, first, "fox"), fox);
  EXPECT_EQ(EncodeWith(json, never, " fox"), fox);
  EXPECT_NE(EncodeWith(json, never, "fox"), fox);
  EXPECT_EQ(EncodeWith(json, always, "<s>fox").size(), 1 + fox.size());
  EXPECT_EQ(EncodeWith(json, first, "<s>fox").size(), 1 + EncodeWith(json, never, "fox").size());
  EXPECT_THROW(EncodeWith(json, {{"prepend_scheme", "odd"}}, "fox"), Error);
}

TEST_F(SentencePiece, TokenizerJsonRefusals) {
  const auto refuses = [](const Json& json) {
    EXPECT_THROW(ParseBpeTokenizer(json.dump(), "test.json"), Error) << json["normalizer"];
  };
  Json json = AsTokenizerJson(*tokenizer_);
  json["normalizer"] = nullptr;
  refuses(json);  // nothing says how spaces are written
  json["normalizer"] = {{"type", "Lowercase"}};
  refuses(json);
  json = AsTokenizerJson(*tokenizer_);
  const int id = json["model"]["vocab"]["<0x41>"];
  json["model"]["vocab"].erase("<0x41>");
  json["model"]["vocab"]["other"] = id;
  refuses(json);  // a byte is missing
}

}  // namespace
}  // namespace tersor::io
