// How often a model finds, far back in its context, what it is asked for.
#ifndef TERSOR_EVAL_RETRIEVAL_H_
#define TERSOR_EVAL_RETRIEVAL_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "tersor/data/document.h"
#include "tersor/io/tokenizer.h"
#include "tersor/model/language_model.h"

namespace tersor::eval {

struct RetrievalResult {
  int64_t queries = 0;
  double accuracy = 0;  // share of the spans all of whose tokens are the likeliest ones
  int64_t longest = 0;  // tokens of the longest text
};

/// For each span of each document (Document::loss_spans): is every token of it the most likely one
/// after what precedes it? One pass of the model a document. Throws Error where a document is
/// longer than the model's context. `progress` may be empty.
RetrievalResult MeasureRetrieval(model::LanguageModel& model, const io::Tokenizer& tokenizer,
                                 const std::vector<data::Document>& documents,
                                 const std::function<void(int64_t done)>& progress);

}  // namespace tersor::eval

#endif  // TERSOR_EVAL_RETRIEVAL_H_
