// Zero-shot multiple choice: the model picks the continuation that it finds most likely.
#ifndef TERSOR_EVAL_MULTIPLE_CHOICE_H_
#define TERSOR_EVAL_MULTIPLE_CHOICE_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tersor/data/document.h"
#include "tersor/io/tokenizer.h"
#include "tersor/model/language_model.h"

namespace tersor::eval {

struct Question {
  std::string context;
  std::vector<std::string> choices;  // at least two
  int64_t answer = 0;                // index of the right one
};

/// JSON lines of {"context", "choices": [...], "answer": index}. Throws Error naming file and line.
std::vector<Question> ReadQuestions(const std::string& path);

/// `count` questions from running text: which of four pieces of eight words follows these 32 words?
/// The wrong ones are from elsewhere in the documents. Places are drawn by `seed`. Throws Error
/// where no document has that many words.
std::vector<Question> MakeQuestions(const std::vector<data::Document>& documents, int64_t count,
                                    uint64_t seed);

struct ChoiceResult {
  int64_t questions = 0;
  double accuracy = 0;             // by the sum of log-probabilities
  double accuracy_normalized = 0;  // by that sum over the choice's bytes ("acc_norm")
};

/// Scores each choice by the log-probability of its tokens after the context. Contexts longer than
/// the model's length lose their start. `progress` may be empty.
ChoiceResult AnswerQuestions(model::LanguageModel& model, const io::Tokenizer& tokenizer,
                             const std::vector<Question>& questions,
                             const std::function<void(int64_t done)>& progress);

}  // namespace tersor::eval

#endif  // TERSOR_EVAL_MULTIPLE_CHOICE_H_
