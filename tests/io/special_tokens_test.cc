#include "tersor/io/special_tokens.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "tersor/util/error.h"
#include "test_files.h"

namespace tersor::io {
namespace {

std::optional<int32_t> Lookup(const std::string& token) {
  const std::map<std::string, int32_t> vocab = {{"<s>", 1}, {"</s>", 2}, {"<e>", 3}};
  const auto found = vocab.find(token);
  return found == vocab.end() ? std::nullopt : std::optional(found->second);
}

TEST(SpecialTokens, NamesComeBeforeIds) {
  const testing::TemporaryFolder folder;
  testing::Spill(folder / "tokenizer_config.json",
                 R"({"bos_token": {"content": "<s>", "lstrip": false}, "add_bos_token": false})");
  testing::Spill(folder / "special_tokens_map.json",
                 R"({"bos_token": "<e>", "eos_token": "</s>", "unk_token": null})");
  testing::Spill(folder / "config.json", R"({"bos_token_id": 7, "eos_token_id": 8})");
  const SpecialTokens tokens = ReadSpecialTokens(folder.path(), 10, Lookup);
  EXPECT_EQ(tokens.bos, 1);
  EXPECT_EQ(tokens.eos, 2);
  EXPECT_EQ(tokens.adds_bos, false);
}

TEST(SpecialTokens, IdsOfTheModelWhereNoNameIsKnown) {
  const testing::TemporaryFolder folder;
  EXPECT_FALSE(ReadSpecialTokens(folder.path(), 10, Lookup).bos.has_value());
  testing::Spill(folder / "tokenizer_config.json", R"({"bos_token": null, "eos_token": "<no>"})");
  testing::Spill(folder / "config.json", R"({"bos_token_id": -1, "eos_token_id": [8, 9]})");
  const SpecialTokens tokens = ReadSpecialTokens(folder.path(), 10, Lookup);
  EXPECT_FALSE(tokens.bos.has_value());
  EXPECT_EQ(tokens.eos, 8);
  EXPECT_FALSE(tokens.adds_bos.has_value());
  testing::Spill(folder / "config.json", R"({"eos_token_id": 10})");
  EXPECT_THROW(ReadSpecialTokens(folder.path(), 10, Lookup), Error);
  testing::Spill(folder / "config.json", "[]");
  EXPECT_THROW(ReadSpecialTokens(folder.path(), 10, Lookup), Error);
}

TEST(SpecialTokens, AddedTokensOfEitherFile) {
  const testing::TemporaryFolder folder;
  EXPECT_TRUE(ReadAddedTokens(folder.path()).empty());
  testing::Spill(folder / "added_tokens.json", R"({"<b>": 11, "<a>": 10})");
  ASSERT_EQ(ReadAddedTokens(folder.path()).size(), 2u);
  EXPECT_EQ(ReadAddedTokens(folder.path())[0].content, "<a>");
  testing::Spill(folder / "tokenizer_config.json",
                 R"({"added_tokens_decoder": {"9": {"content": "@", "rstrip": true}}})");
  const auto tokens = ReadAddedTokens(folder.path());
  ASSERT_EQ(tokens.size(), 1u);
  EXPECT_EQ(tokens[0].id, 9);
  EXPECT_TRUE(tokens[0].rstrip);
  EXPECT_FALSE(tokens[0].special);
  for (const char* bad :
       {R"({"added_tokens_decoder": {"9x": {"content": "@"}}})",
        R"({"added_tokens_decoder": {"9": {}}})",
        R"({"added_tokens_decoder": {"-1": {"content": "@"}}})",
        R"({"added_tokens_decoder": {"9": {"content": "@"}, "09": {"content": "!"}}})"}) {
    testing::Spill(folder / "tokenizer_config.json", bad);
    EXPECT_THROW(ReadAddedTokens(folder.path()), Error) << bad;
  }
}

}  // namespace
}  // namespace tersor::io
