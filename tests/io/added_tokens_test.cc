#include "tersor/io/added_tokens.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tersor::io {
namespace {

/// Text as it is, tokens as their ids in brackets.
std::string Cut(std::vector<AddedToken> tokens, std::string_view text, bool parse_special = false) {
  std::string out;
  AddedTokenMatcher(std::move(tokens))
      .Split(
          text, parse_special, [&](std::string_view plain) { out.append(plain).append("|"); },
          [&](const AddedToken& token) { out += "[" + std::to_string(token.id) + "]|"; });
  return out;
}

TEST(AddedTokens, LeftmostThenLongest) {
  const std::vector<AddedToken> tokens = {
      {.content = "ab", .id = 1}, {.content = "abc", .id = 2}, {.content = "bcde", .id = 3}};
  EXPECT_EQ(Cut(tokens, "xabcde"), "x|[2]|de|");
  EXPECT_EQ(Cut(tokens, "abab"), "[1]|[1]|");
  EXPECT_EQ(Cut(tokens, "xbcd"), "xbcd|");
  EXPECT_EQ(Cut(tokens, ""), "");
}

TEST(AddedTokens, TheFirstOfEqualTexts) {
  EXPECT_EQ(Cut({{.content = "ab", .id = 1}, {.content = "ab", .id = 2}}, "ab"), "[1]|");
}

TEST(AddedTokens, ThousandsThatStartAlike) {
  std::vector<AddedToken> tokens;
  for (int32_t id = 0; id < 50000; ++id) {
    tokens.push_back({.content = "<unused" + std::to_string(id) + ">", .id = id});
  }
  std::string text, expected;
  for (int32_t id = 0; id < 50000; id += 7) {
    text += "<<unused" + std::to_string(id) + ">";
    expected += "<|[" + std::to_string(id) + "]|";
  }
  EXPECT_EQ(Cut(std::move(tokens), text), expected);
}

TEST(AddedTokens, SpecialOnesOnlyOnRequest) {
  const std::vector<AddedToken> tokens = {{.content = "<s>", .id = 1, .special = true},
                                          {.content = "<", .id = 2}};
  EXPECT_EQ(Cut(tokens, "a<s>"), "a|[2]|s>|");
  EXPECT_EQ(Cut(tokens, "a<s>", true), "a|[1]|");
}

TEST(AddedTokens, StripUnicodeWhiteSpace) {
  const std::vector<AddedToken> left = {{.content = "@", .id = 1, .lstrip = true}};
  const std::vector<AddedToken> right = {{.content = "@", .id = 1, .rstrip = true}};
  EXPECT_EQ(Cut(left, "a \xe2\x80\x83\n@ b"), "a|[1]| b|");  // U+2003 em space
  EXPECT_EQ(Cut(right, "a @\t\xc2\xa0 b"), "a |[1]|b|");     // U+00A0 no-break space
  EXPECT_EQ(Cut(left, " @ @"), "[1]|[1]|");
  EXPECT_EQ(Cut(left, "\xa0@"), "\xa0|[1]|");  // a bare byte is no space
}

TEST(AddedTokens, SingleWord) {
  const std::vector<AddedToken> tokens = {{.content = "he", .id = 1, .single_word = true}};
  EXPECT_EQ(Cut(tokens, "he, the hers (he)_he"), "[1]|, the hers (|[1]|)_he|");
  EXPECT_EQ(Cut(tokens, "\xc3\xa9he"), "\xc3\xa9he|");  // a letter beyond ASCII
}

}  // namespace
}  // namespace tersor::io
