// Text that only a model which looks far back can predict: records among prose, asked for later.
// The key-value retrieval by which long contexts are measured (as RULER's needles,
// arXiv:2404.06654), in the form of plain text.
#ifndef TERSOR_DATA_RETRIEVAL_H_
#define TERSOR_DATA_RETRIEVAL_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tersor/data/document.h"
#include "tersor/util/rng.h"

namespace tersor::data {

struct RetrievalOptions {
  int64_t size = 4096;   // of a document, in what `measure` counts; not more
  int64_t queries = 16;  // at the end of a document
  /// Of records in between, once there are `queries` of them, that name one given before; the
  /// others are new while there are new names.
  double repeated = 0.6;
  /// Of a piece of text; by default its bytes.
  std::function<int64_t(std::string_view)> measure;
};

/// Prose, paragraph by paragraph, each followed by 1 to 32 lines such as "amber falcon silver
/// meadow", a name and its code; at the end `queries` such lines of records given before, in random
/// order. The same code never stands for two names. loss_spans are the codes at the end. Throws
/// Error where the size leaves no room for as many records as queries.
Document MakeRetrieval(const std::vector<std::string_view>& paragraphs,
                       const RetrievalOptions& options, const Rng& rng);

/// Paragraphs of 40 to 600 bytes, of which MakeRetrieval() takes some at random.
std::vector<std::string_view> ProseParagraphs(const std::vector<Document>& documents);

}  // namespace tersor::data

#endif  // TERSOR_DATA_RETRIEVAL_H_
