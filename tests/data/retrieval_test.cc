#include "tersor/data/retrieval.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "tersor/util/error.h"

namespace tersor::data {
namespace {

const std::vector<std::string_view> kProse = {
    "Some words that have nothing to do with it, only to take room.",
    "Other words, which also take room and do not matter for what is asked."};

TEST(MakeRetrieval, EveryQueryWasGivenBefore) {
  const Document document = MakeRetrieval(kProse, {.size = 6000, .queries = 12}, Rng(3));
  EXPECT_LE(document.text.size(), 6000u);
  EXPECT_GT(document.text.size(), 5000u);
  ASSERT_EQ(document.loss_spans.size(), 12u);
  const auto tail = static_cast<size_t>(document.loss_spans.front().first);
  std::map<std::string, std::string> codes;
  std::set<std::string> used;
  const std::regex line("\n([a-z]+ [a-z]+) ([a-z]+ [a-z]+)(?=\n)");
  const std::string body = document.text.substr(0, document.text.rfind('\n', tail) + 1);
  for (std::sregex_iterator i(body.begin(), body.end(), line), end; i != end; ++i) {
    const auto [known, is_new] = codes.emplace((*i)[1], (*i)[2]);
    EXPECT_EQ(known->second, (*i)[2]) << "a name has one code";
    EXPECT_EQ(used.insert((*i)[2]).second, is_new) << "a code has one name";
  }
  EXPECT_GT(codes.size(), 20u);
  std::set<std::string> asked;
  for (const auto& [begin, end] : document.loss_spans) {
    const std::string before = document.text.substr(0, static_cast<size_t>(begin));
    const size_t name = before.rfind('\n') + 1;
    const std::string wanted = before.substr(name, before.size() - 1 - name);
    EXPECT_TRUE(asked.insert(wanted).second) << wanted;
    EXPECT_EQ(document.text.substr(static_cast<size_t>(begin), static_cast<size_t>(end - begin)),
              codes.at(wanted));
  }
}

TEST(MakeRetrieval, TheSameStreamGivesTheSameText) {
  const RetrievalOptions options{.size = 3000, .queries = 4};
  EXPECT_EQ(MakeRetrieval(kProse, options, Rng(1, 5)).text,
            MakeRetrieval(kProse, options, Rng(1, 5)).text);
  EXPECT_NE(MakeRetrieval(kProse, options, Rng(1, 5)).text,
            MakeRetrieval(kProse, options, Rng(1, 6)).text);
}

TEST(MakeRetrieval, MeasuresAsAsked) {
  RetrievalOptions options{.size = 500, .queries = 4};
  options.measure = [](std::string_view text) {
    return static_cast<int64_t>(std::count(text.begin(), text.end(), ' '));
  };
  const Document document = MakeRetrieval(kProse, options, Rng(1));
  EXPECT_NEAR(static_cast<double>(options.measure(document.text)), 500, 30);
}

TEST(MakeRetrieval, TooLittleRoomIsRefused) {
  EXPECT_THROW(MakeRetrieval(kProse, {.size = 300, .queries = 8}, Rng(1)), Error);
  EXPECT_THROW(MakeRetrieval({}, {.size = 3000, .queries = 8}, Rng(1)), Error);
}

TEST(MakeRetrieval, RunsOutOfNamesGracefully) {
  const Document document =
      MakeRetrieval(kProse, {.size = 400000, .queries = 8, .repeated = 0}, Rng(1));
  EXPECT_GT(document.text.size(), 390000u);
  EXPECT_EQ(document.loss_spans.size(), 8u);
  const std::regex line("\n([a-z]+ [a-z]+) [a-z]+ [a-z]+(?=\n)");
  std::set<std::string> names;
  for (std::sregex_iterator i(document.text.begin(), document.text.end(), line), end; i != end;
       ++i) {
    names.insert((*i)[1]);
  }
  EXPECT_EQ(names.size(), 1024u);
}

TEST(ProseParagraphs, TakesThoseOfMiddleLength) {
  const std::string middle(50, 'a'), longer(700, 'b');
  const std::vector<Document> documents = {{"short\n\n" + middle + "\n\n" + longer, {}},
                                           {middle, {}}};
  EXPECT_EQ(ProseParagraphs(documents), (std::vector<std::string_view>{middle, middle}));
}

}  // namespace
}  // namespace tersor::data
