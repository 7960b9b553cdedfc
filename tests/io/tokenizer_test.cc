#include "tersor/io/tokenizer.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "tersor/io/bpe_merge.h"
#include "tersor/io/pre_tokenizer.h"
#include "tersor/util/error.h"
#include "tersor/util/json.h"
#include "tersor/util/rng.h"
#include "tersor/util/utf8.h"
#include "test_files.h"

namespace tersor::io {
namespace {

/// The 256 byte symbols as tokens 0..255 in byte order.
Json ByteVocab() {
  Json vocab = Json::object();
  uint32_t next = 256;
  for (uint32_t byte = 0; byte < 256; ++byte) {
    const bool printable =
        (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    std::string symbol;
    AppendUtf8(symbol, printable ? byte : next++);
    vocab[symbol] = byte;
  }
  return vocab;
}

/// "Ġ" spells the space.
Json SmallTokenizer() {
  Json vocab = ByteVocab();
  int id = 256;
  for (const char* token : {"he", "ll", "hell", "hello", "Ġw", "or", "Ġwor"}) {
    vocab[token] = id++;
  }
  return {
      {"added_tokens",
       {{{"id", id}, {"content", "<|end|>"}, {"special", true}},
        {{"id", id + 1}, {"content", "@@"}, {"special", false}, {"lstrip", true}}}},
      {"normalizer", nullptr},
      {"pre_tokenizer", {{"type", "ByteLevel"}, {"add_prefix_space", false}}},
      {"model",
       {{"type", "BPE"},
        {"vocab", vocab},
        {"merges", {"h e", "l l", "he ll", Json::array({"hell", "o"}), "Ġ w", "o r", "Ġw or"}}}}};
}

std::shared_ptr<const Tokenizer> Parse(const Json& json) {
  return ParseBpeTokenizer(json.dump(), "test.json");
}

std::vector<std::string> Split(const char* pattern, std::string_view text) {
  std::vector<std::string_view> pieces;
  SplitPattern(pattern, "test").Split(text, pieces);
  return {pieces.begin(), pieces.end()};
}

TEST(PreTokenizer, Gpt2Pattern) {
  EXPECT_EQ(
      Split(kGpt2Pattern, "I'm  here, it's 2024!\n"),
      (std::vector<std::string>{"I", "'m", " ", " here", ",", " it", "'s", " 2024", "!", "\n"}));
}

TEST(PreTokenizer, Gpt2PatternKeepsTheLastSpaceForTheWord) {
  EXPECT_EQ(Split(kGpt2Pattern, "a   b  "), (std::vector<std::string>{"a", "  ", " b", "  "}));
  EXPECT_EQ(Split(kGpt2Pattern, "a \tb\n\nc"),
            (std::vector<std::string>{"a", " ", "\t", "b", "\n", "\n", "c"}));
}

TEST(PreTokenizer, Gpt2PatternKnowsLowerCaseContractions) {
  EXPECT_EQ(Split(kGpt2Pattern, "we'll've'd'RE"),
            (std::vector<std::string>{"we", "'ll", "'ve", "'d", "'", "RE"}));
}

TEST(PreTokenizer, Gpt2PatternKnowsUnicodeLettersAndNumbers) {
  // A combining accent is no letter; Arabic-Indic digits and a Roman numeral are numbers.
  EXPECT_EQ(Split(kGpt2Pattern, "\xc3\xa9t\xc3\xa9 e\xcc\x81 \xd9\xa1\xe2\x85\xa7 \xe4\xbd\xa0"),
            (std::vector<std::string>{"\xc3\xa9t\xc3\xa9", " e", "\xcc\x81",
                                      " \xd9\xa1\xe2\x85\xa7", " \xe4\xbd\xa0"}));
}

TEST(PreTokenizer, Llama3PatternSplitsDigitsByThree) {
  constexpr const char* kLlama3 =
      R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
  EXPECT_EQ(Split(kLlama3, "WE'RE 12345 ok...\n\nx"),
            (std::vector<std::string>{"WE", "'RE", " ", "123", "45", " ok", "...\n\n", "x"}));
}

TEST(PreTokenizer, InvalidUtf8IsCutOutByteByByte) {
  EXPECT_EQ(Split(kGpt2Pattern, "a\xff\xc3 b"),
            (std::vector<std::string>{"a", "\xff", "\xc3", " b"}));
}

TEST(PreTokenizer, LongRunsAreOnePiece) {
  const std::string spaces(1 << 20, ' '), letters(1 << 20, 'a');
  EXPECT_EQ(Split(kGpt2Pattern, spaces + "x" + letters).size(), 2u);  // the last space goes with x
}

TEST(PreTokenizer, APatternThatGivesUpSaysSo) {
  EXPECT_THROW(Split("(a+)+$", std::string(64, 'a') + "b"), Error);
  EXPECT_THROW(Split(std::string(20000, 'a').c_str(), "a"), Error);
}

TEST(PreTokenizer, EmptyMatchesLoseNothing) {
  EXPECT_EQ(Split("x*", "axx\xc3\xa9"), (std::vector<std::string>{"a", "xx", "\xc3\xa9"}));
}

TEST(Bpe, MergesByRank) {
  const auto tokenizer = Parse(SmallTokenizer());
  EXPECT_EQ(tokenizer->Encode("hello world"), (std::vector<int32_t>{259, 262, 'l', 'd'}));
  EXPECT_EQ(tokenizer->Encode("helo"), (std::vector<int32_t>{256, 'l', 'o'}));
  EXPECT_EQ(tokenizer->Decode(tokenizer->Encode("hello world")), "hello world");
  EXPECT_EQ(tokenizer->TokenBytes(262), " wor");
  EXPECT_EQ(tokenizer->vocab_size(), 265);
}

TEST(Bpe, AddedTokens) {
  const auto tokenizer = Parse(SmallTokenizer());
  // Special tokens count as text unless the caller asks for them.
  EXPECT_EQ(tokenizer->Decode(tokenizer->Encode("a<|end|>b")), "a<|end|>b");
  EXPECT_EQ(tokenizer->Encode("a<|end|>b", true), (std::vector<int32_t>{'a', 263, 'b'}));
  EXPECT_EQ(tokenizer->Decode(tokenizer->Encode("a<|end|>b", true)), "ab");
  // Others always; this one takes the space before it.
  EXPECT_EQ(tokenizer->Encode("a @@b"), (std::vector<int32_t>{'a', 264, 'b'}));
}

/// The definition: scan for the lowest rank, merge its leftmost pair, start again.
std::vector<int32_t> MergeNaively(const MergeTable& merges, std::vector<int32_t> word) {
  for (;;) {
    const Merge* best = nullptr;
    size_t at = 0;
    for (size_t i = 0; i + 1 < word.size(); ++i) {
      const Merge* merge = merges.Find(word[i], word[i + 1]);
      if (merge != nullptr && (best == nullptr || merge->rank < best->rank)) {
        best = merge;
        at = i;
      }
    }
    if (best == nullptr) {
      return word;
    }
    word[at] = best->token;
    word.erase(word.begin() + static_cast<std::ptrdiff_t>(at) + 1);
  }
}

TEST(Bpe, MergesAsTheDefinitionDoesOnRandomTables) {
  const Rng rng(1);
  uint64_t draw = 0;
  for (int round = 0; round < 200; ++round) {
    MergeTable merges;
    int32_t token = 4;
    for (int32_t rank = 0; rank < 20; ++rank) {
      const auto left = static_cast<int32_t>(rng.Below(draw++, static_cast<uint64_t>(token)));
      const auto right = static_cast<int32_t>(rng.Below(draw++, static_cast<uint64_t>(token)));
      if (merges.Add(left, right, {rank, token})) {
        ++token;
      }
    }
    std::vector<int32_t> word(rng.Below(draw++, 60));
    for (int32_t& id : word) {
      id = static_cast<int32_t>(rng.Below(draw++, 4));
    }
    std::vector<int32_t> merged = word;
    ApplyMerges(merges, merged);
    ASSERT_EQ(merged, MergeNaively(merges, word)) << "round " << round;
  }
}

TEST(Bpe, AMegabyteWithoutASpaceIsNoTrap) {
  const auto tokenizer = Parse(SmallTokenizer());
  std::string text;
  while (text.size() < 1 << 20) {
    text += "hello";
  }
  EXPECT_EQ(tokenizer->Encode(text).size(), text.size() / 5);
}

std::string RandomBytes(uint64_t stream, size_t size) {
  const Rng rng(2, stream);
  std::string text;
  for (uint64_t i = 0; i < size; ++i) {
    // Half arbitrary bytes, half letters and spaces.
    const uint64_t word = rng.Bits64(i);
    text += word & 256 ? static_cast<char>(word & 255) : "he llo wor"[word % 10];
  }
  return text;
}

TEST(Bpe, AnyBytesComeBack) {
  const auto tokenizer = Parse(SmallTokenizer());
  for (uint64_t i = 0; i < 100; ++i) {
    const std::string text = RandomBytes(i, 200);
    ASSERT_EQ(tokenizer->Decode(tokenizer->Encode(text)), text);
  }
}

TEST(Bpe, ManyThreadsAtOnce) {
  const auto tokenizer = Parse(SmallTokenizer());
  const std::string text = RandomBytes(0, 20000);
  const std::vector<int32_t> expected = tokenizer->Encode(text);
  std::vector<std::thread> threads;
  std::vector<int> agrees(4);
  for (size_t i = 0; i < agrees.size(); ++i) {
    threads.emplace_back([&, i] { agrees[i] = tokenizer->Encode(text) == expected; });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(agrees, std::vector<int>(4, 1));
}

TEST(Bpe, NfcComposesFirst) {
  Json json = SmallTokenizer();
  json["normalizer"] = {{"type", "NFC"}};
  const auto tokenizer = Parse(json);
  EXPECT_EQ(tokenizer->Decode(tokenizer->Encode("e\xcc\x81")), "\xc3\xa9");
}

TEST(Bpe, NfcLeavesBadBytesAlone) {
  Json json = SmallTokenizer();
  json["normalizer"] = {{"type", "NFC"}};
  const auto tokenizer = Parse(json);
  EXPECT_EQ(tokenizer->Decode(tokenizer->Encode("e\xcc\x81\xff"
                                                "e\xcc\x81")),
            "\xc3\xa9\xff\xc3\xa9");
}

TEST(Bpe, NormalizedTokensAreFoundAfterNfc) {
  Json json = SmallTokenizer();
  json["normalizer"] = {{"type", "NFC"}};
  json["added_tokens"][1] = {{"id", 264}, {"content", "a\xc3\xa9"}, {"normalized", true}};
  EXPECT_EQ(Parse(json)->Encode("ae\xcc\x81"), (std::vector<int32_t>{264}));
  EXPECT_EQ(Parse(json)->TokenBytes(264), "a\xc3\xa9");  // not the byte that "é" spells
  json["added_tokens"][1]["normalized"] = false;
  EXPECT_EQ(Parse(json)->Encode("ae\xcc\x81"), (std::vector<int32_t>{'a', 0xC3, 0xA9}));
}

TEST(Bpe, PrefixSpace) {
  Json json = SmallTokenizer();
  json["pre_tokenizer"]["add_prefix_space"] = true;
  EXPECT_EQ(Parse(json)->Encode("wor"), (std::vector<int32_t>{262}));
  EXPECT_EQ(Parse(json)->Encode(" wor"), (std::vector<int32_t>{262}));
}

TEST(Bpe, DigitsAndLiteralsCutWordsFirst) {
  Json json = SmallTokenizer();
  json["model"]["vocab"]["12"] = 265;
  json["model"]["merges"].push_back("1 2");
  EXPECT_EQ(Parse(json)->Encode("12"), (std::vector<int32_t>{265}));
  const Json byte_level = json["pre_tokenizer"];
  const auto with = [&](const Json& step) {
    json["pre_tokenizer"] = {{"type", "Sequence"}, {"pretokenizers", {step, byte_level}}};
    return Parse(json);
  };
  const auto single = with({{"type", "Digits"}, {"individual_digits", true}});
  EXPECT_EQ(single->Encode("12"), (std::vector<int32_t>{'1', '2'}));
  const auto runs = with({{"type", "Digits"}, {"individual_digits", false}});
  EXPECT_EQ(runs->Encode("12"), (std::vector<int32_t>{265}));
  const auto literal =
      with({{"type", "Split"}, {"pattern", {{"String", "l"}}}, {"behavior", "Isolated"}});
  EXPECT_EQ(literal->Encode("hello"), (std::vector<int32_t>{256, 'l', 'l', 'o'}));
}

TEST(Bpe, RefusesIdsOutOfRange) {
  const auto tokenizer = Parse(SmallTokenizer());
  EXPECT_THROW(tokenizer->TokenBytes(-1), Error);
  EXPECT_THROW(tokenizer->TokenBytes(265), Error);
  EXPECT_THROW(tokenizer->Decode(std::vector<int32_t>{'a', 265}), Error);
}

TEST(Bpe, IgnoreMergesTakesWholeWords) {
  Json json = SmallTokenizer();
  json["model"]["vocab"]["lo"] = 265;
  EXPECT_EQ(Parse(json)->Encode("lo"), (std::vector<int32_t>{'l', 'o'}));  // no merge makes it
  json["model"]["ignore_merges"] = true;
  EXPECT_EQ(Parse(json)->Encode("lo"), (std::vector<int32_t>{265}));
}

TEST(Bpe, TemplateSaysThatTheBeginningIsAdded) {
  Json json = SmallTokenizer();
  json["post_processor"] = {{"type", "TemplateProcessing"},
                            {"single",
                             {{{"SpecialToken", {{"id", "<|end|>"}, {"type_id", 0}}}},
                              {{"Sequence", {{"id", "A"}, {"type_id", 0}}}}}}};
  EXPECT_TRUE(Parse(json)->adds_bos());
  EXPECT_EQ(Parse(json)->bos_id(), 263);
  EXPECT_FALSE(Parse(SmallTokenizer())->adds_bos());
}

void ExpectRefusal(const Json& json, const std::string& part) {
  try {
    Parse(json);
    ADD_FAILURE() << "accepted; expected: " << part;
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
    EXPECT_EQ(std::string(e.what()).find('\n'), std::string::npos);
  }
}

TEST(Bpe, RefusesBrokenVocabularies) {
  Json json = SmallTokenizer();
  json["model"]["vocab"]["he"] = 999;
  ExpectRefusal(json, "hole");
  json = SmallTokenizer();
  json["model"]["vocab"]["he"] = 257;
  ExpectRefusal(json, "another token");
  json = SmallTokenizer();
  json["model"]["vocab"].erase("a");
  json["model"]["vocab"]["aa"] = 97;
  ExpectRefusal(json, "lacks byte 97");
  json = SmallTokenizer();
  json["model"]["merges"].push_back("x yz");
  ExpectRefusal(json, "which the vocabulary lacks");
  json = SmallTokenizer();
  json["model"]["merges"].push_back("xyz");
  ExpectRefusal(json, "is not two tokens");
  json = SmallTokenizer();
  json["model"]["vocab"]["he"] = -1;
  ExpectRefusal(json, "no valid id");
  json = SmallTokenizer();
  json["pre_tokenizer"] = {{"type", "Sequence"},
                           {"pretokenizers",
                            {{{"type", "Split"}, {"pattern", {{"Regex", "(a"}}}},
                             {{"type", "ByteLevel"}, {"add_prefix_space", false}}}}};
  ExpectRefusal(json, "pattern is invalid");
  json = SmallTokenizer();
  json["model"]["vocab"]["two\nlines"] = 999;
  ExpectRefusal(json, "'two lines'");
  json = SmallTokenizer();
  json["pre_tokenizer"] = nullptr;
  ExpectRefusal(json, "neither a ByteLevel");
  json = SmallTokenizer();
  json["model"]["end_of_word_suffix"] = "</w>";
  ExpectRefusal(json, "end_of_word_suffix");
  json = SmallTokenizer();
  json["pre_tokenizer"] = {{"type", "Metaspace"}};
  ExpectRefusal(json, "'Metaspace' is not supported");
  json = SmallTokenizer();
  json["model"]["type"] = "Unigram";
  ExpectRefusal(json, "'Unigram' is not supported");
  ExpectRefusal(Json::array(), "not a JSON object");
  EXPECT_THROW(ParseBpeTokenizer(SmallTokenizer().dump().substr(0, 500), "cut"), Error);
}

TEST(Bytes, AreTheirOwnTokens) {
  const auto tokenizer = MakeByteTokenizer();
  EXPECT_EQ(tokenizer->Encode("\xff z"), (std::vector<int32_t>{255, 32, 'z'}));
  EXPECT_EQ(tokenizer->Decode(tokenizer->Encode("\xff z")), "\xff z");
  EXPECT_EQ(tokenizer->vocab_size(), 258);
  EXPECT_THROW(tokenizer->TokenBytes(258), Error);
}

TEST(VocabAndMerges, OlderLayoutOfOpt) {
  const testing::TemporaryFolder folder;
  Json vocab = SmallTokenizer()["model"]["vocab"];
  vocab["</s>"] = 263;
  testing::Spill(folder / "vocab.json", vocab.dump());
  testing::Spill(folder / "merges.txt", "#version: 0.2\nh e\nl l\n");
  testing::Spill(
      folder / "tokenizer_config.json",
      R"({"bos_token": {"content": "</s>"}, "eos_token": "</s>", "add_bos_token": true})");
  const auto tokenizer = LoadTokenizer(folder.path());
  EXPECT_EQ(tokenizer->Encode("hell"), (std::vector<int32_t>{256, 257}));
  EXPECT_EQ(tokenizer->bos_id(), 263);
  EXPECT_TRUE(tokenizer->adds_bos());
  EXPECT_EQ(tokenizer->TokenBytes(263), "");
}

TEST(LoadTokenizer, ReadsRawBytesOnlyWhereTheFolderSaysSo) {
  const testing::TemporaryFolder folder;
  EXPECT_THROW(LoadTokenizer(folder.path()), Error);
  testing::Spill(folder / "tokenizer_config.json", R"({"tokenizer_class": 7})");
  EXPECT_THROW(LoadTokenizer(folder.path()), Error);
  testing::Spill(folder / "tokenizer_config.json", R"({"tokenizer_class": "ByteTokenizer"})");
  EXPECT_EQ(LoadTokenizer(folder.path())->vocab_size(), 258);
}

}  // namespace
}  // namespace tersor::io
