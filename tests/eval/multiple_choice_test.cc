#include "tersor/eval/multiple_choice.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "tersor/util/error.h"

namespace tersor::eval {
namespace {

/// "0 1 2 ...": what follows is plain to see.
data::Document Count(int64_t from, int64_t words) {
  std::string text;
  for (int64_t i = from; i < from + words; ++i) {
    text += std::to_string(i) + (i % 10 == 9 ? "\n" : " ");
  }
  return {text, {}};
}

int64_t FirstNumber(const std::string& text) { return std::stoll(text); }
int64_t LastNumber(const std::string& text) {
  return std::stoll(text.substr(text.find_last_of(" \n") + 1));
}

TEST(MakeQuestions, TheAnswerIsTheTextsOwnContinuation) {
  const std::vector<data::Document> documents = {Count(0, 200), Count(10, 5), Count(1000, 41)};
  const std::vector<Question> questions = MakeQuestions(documents, 300, 0);
  ASSERT_EQ(questions.size(), 300U);
  std::set<int64_t> answers, contexts;
  for (const Question& question : questions) {
    ASSERT_EQ(question.choices.size(), 4U);
    const int64_t last = LastNumber(question.context);
    const int64_t first = FirstNumber(question.context);
    EXPECT_EQ(last - first, 31) << question.context;
    const std::string& right = question.choices[static_cast<size_t>(question.answer)];
    EXPECT_EQ(FirstNumber(right), last + 1);
    EXPECT_EQ(LastNumber(right), last + 8);
    answers.insert(question.answer);
    contexts.insert(first);
  }
  EXPECT_EQ(answers.size(), 4U);
  EXPECT_TRUE(contexts.contains(1001)) << "the one place of the third document";
  EXPECT_EQ(*contexts.begin(), 1);
  EXPECT_GT(contexts.size(), 100U);
}

TEST(MakeQuestions, TheSameSeedGivesTheSameQuestions) {
  const std::vector<data::Document> documents = {Count(0, 500)};
  const std::vector<Question> a = MakeQuestions(documents, 20, 3),
                              b = MakeQuestions(documents, 20, 3);
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].context, b[i].context);
    EXPECT_EQ(a[i].choices, b[i].choices);
    EXPECT_EQ(a[i].answer, b[i].answer);
  }
  EXPECT_NE(a[0].context, MakeQuestions(documents, 20, 4)[0].context);
}

TEST(MakeQuestions, TextThatIsTooShortIsRefused) {
  EXPECT_THROW(MakeQuestions({Count(0, 40)}, 1, 0), Error);
  EXPECT_THROW(MakeQuestions({}, 1, 0), Error);
}

}  // namespace
}  // namespace tersor::eval
