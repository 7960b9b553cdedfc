#include "tersor/eval/multiple_choice.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <iterator>
#include <sstream>
#include <string_view>
#include <utility>

#include "tersor/op/cross_entropy.h"
#include "tersor/util/error.h"
#include "tersor/util/file.h"
#include "tersor/util/interrupt.h"
#include "tersor/util/json.h"
#include "tersor/util/rng.h"

namespace tersor::eval {
namespace {

/// Sum of the log-probabilities of the tokens of `choice` after `context`.
double LogProbability(model::LanguageModel& model, std::vector<int64_t> context,
                      const std::vector<int32_t>& choice) {
  const auto longest = static_cast<size_t>(model.config().max_position_embeddings);
  TERSOR_CHECK(choice.size() < longest, "a choice of ", choice.size(),
               " tokens does not fit in the model's ", longest);
  std::vector<int64_t> tokens = std::move(context);
  tokens.insert(tokens.end(), choice.begin(), choice.end());
  if (tokens.size() > longest + 1) {
    tokens.erase(tokens.begin(), tokens.end() - static_cast<std::ptrdiff_t>(longest + 1));
  }
  const auto length = static_cast<int64_t>(tokens.size()) - 1;
  const auto scored = static_cast<int64_t>(choice.size());
  const at::Tensor all = at::tensor(tokens, at::kLong);
  const at::Tensor hidden = model.Forward(all.narrow(0, 0, length).unsqueeze(0)).hidden;
  const op::TokenLoss losses =
      op::LinearTokenLosses(hidden.narrow(0, length - scored, scored), model.HeadWeight(),
                            all.narrow(0, length - scored + 1, scored));
  return -losses.nll.to(at::kDouble).sum().item<double>();
}

constexpr size_t kContextWords = 32, kChoiceWords = 8, kChoices = 4;
constexpr size_t kQuestionWords = kContextWords + kChoiceWords;

/// The places in documents where a question may begin.
class QuestionPlaces {
 public:
  explicit QuestionPlaces(const std::vector<data::Document>& documents) {
    for (const data::Document& document : documents) {
      const std::vector<size_t> ends = WordEnds(document.text);
      // The word before a question's first one gives its beginning.
      if (ends.size() > kQuestionWords) {
        texts_.push_back({document.text, ends, places_});
        places_ += ends.size() - kQuestionWords;
      }
    }
  }

  uint64_t size() const { return places_; }

  std::string Context(uint64_t place) const { return Words(place, 0, kContextWords); }
  std::string Choice(uint64_t place) const { return Words(place, kContextWords, kChoiceWords); }

 private:
  struct Text {
    std::string_view text;
    std::vector<size_t> ends;  // of words
    uint64_t first;            // place
  };

  static std::vector<size_t> WordEnds(std::string_view text) {
    constexpr std::string_view kSpace = " \t\r\n";
    std::vector<size_t> ends;
    for (size_t begin = text.find_first_not_of(kSpace); begin != std::string_view::npos;
         begin = text.find_first_not_of(kSpace, ends.back())) {
      ends.push_back(std::min(text.find_first_of(kSpace, begin), text.size()));
    }
    return ends;
  }

  /// With the white space before them.
  std::string Words(uint64_t place, size_t from, size_t count) const {
    const auto after =
        std::upper_bound(texts_.begin(), texts_.end(), place,
                         [](uint64_t wanted, const Text& text) { return wanted < text.first; });
    const Text& text = *std::prev(after);
    const size_t word = place - text.first + from;
    return std::string(
        text.text.substr(text.ends[word], text.ends[word + count] - text.ends[word]));
  }

  std::vector<Text> texts_;
  uint64_t places_ = 0;
};

}  // namespace

std::vector<Question> MakeQuestions(const std::vector<data::Document>& documents, int64_t count,
                                    uint64_t seed) {
  const QuestionPlaces places(documents);
  TERSOR_CHECK(places.size() > 0, "questions need a text of more than ", kQuestionWords, " words");
  std::vector<Question> questions;
  for (int64_t i = 0; i < count; ++i) {
    const Rng rng(seed, static_cast<uint64_t>(i));
    const uint64_t place = rng.Below(0, places.size());
    Question question;
    question.context = places.Context(place);
    question.answer = static_cast<int64_t>(rng.Below(1, kChoices));
    for (uint64_t choice = 0; choice < kChoices; ++choice) {
      const bool right = static_cast<int64_t>(choice) == question.answer;
      question.choices.push_back(
          places.Choice(right ? place : rng.Below(2 + choice, places.size())));
    }
    questions.push_back(std::move(question));
  }
  return questions;
}

std::vector<Question> ReadQuestions(const std::string& path) {
  std::istringstream lines(ReadFile(path));
  std::vector<Question> questions;
  int64_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string::npos) {
      continue;
    }
    const std::string source = path + ":" + std::to_string(number);
    const Json json = ParseJson(line, source);
    Question question;
    try {
      question.context = json.at("context");
      question.choices = json.at("choices").get<std::vector<std::string>>();
      question.answer = json.at("answer");
    } catch (const Json::exception&) {
      Fail(source, R"(: needs {"context": text, "choices": [texts], "answer": index})");
    }
    TERSOR_CHECK(question.choices.size() >= 2, source, ": 'choices' needs at least two texts");
    TERSOR_CHECK(question.answer >= 0 && question.answer < std::ssize(question.choices), source,
                 ": 'answer' is ", question.answer, ", but there are ", question.choices.size(),
                 " choices, counted from 0");
    questions.push_back(std::move(question));
  }
  TERSOR_CHECK(!questions.empty(), path, ": holds no questions");
  return questions;
}

ChoiceResult AnswerQuestions(model::LanguageModel& model, const io::Tokenizer& tokenizer,
                             const std::vector<Question>& questions,
                             const std::function<void(int64_t done)>& progress) {
  const at::NoGradGuard no_grad;
  ChoiceResult result;
  for (const Question& question : questions) {
    std::vector<int64_t> context;
    if (tokenizer.bos_id()) {
      context.push_back(*tokenizer.bos_id());
    }
    const std::vector<int32_t> prompt = tokenizer.Encode(question.context);
    context.insert(context.end(), prompt.begin(), prompt.end());
    std::vector<double> plain, normalized;
    for (const std::string& choice : question.choices) {
      // The choice's own tokens: those of the whole text beyond the context's.
      std::vector<int32_t> whole = tokenizer.Encode(question.context + choice);
      const auto shared = std::mismatch(prompt.begin(), prompt.end(), whole.begin(), whole.end());
      std::vector<int64_t> before(context.begin(), context.end() - (prompt.end() - shared.first));
      const std::vector<int32_t> tail(shared.second, whole.end());
      TERSOR_CHECK(!tail.empty() && !before.empty(), "a question has an empty choice or context");
      plain.push_back(LogProbability(model, std::move(before), tail));
      normalized.push_back(plain.back() / static_cast<double>(std::max<size_t>(1, choice.size())));
    }
    const auto picks = [&](const std::vector<double>& scores) {
      return std::max_element(scores.begin(), scores.end()) - scores.begin() == question.answer;
    };
    result.accuracy += picks(plain) ? 1 : 0;
    result.accuracy_normalized += picks(normalized) ? 1 : 0;
    ++result.questions;
    if (progress) {
      progress(result.questions);
    }
    ThrowIfInterrupted("evaluation stopped");
  }
  result.accuracy /= static_cast<double>(result.questions);
  result.accuracy_normalized /= static_cast<double>(result.questions);
  return result;
}

}  // namespace tersor::eval
