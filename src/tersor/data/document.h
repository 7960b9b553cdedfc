// One text of a corpus.
#ifndef TERSOR_DATA_DOCUMENT_H_
#define TERSOR_DATA_DOCUMENT_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace tersor::data {

struct Document {
  std::string text;  // valid UTF-8
  /// Byte ranges [first, last) whose tokens carry loss, ascending; empty: the whole text.
  std::vector<std::pair<int64_t, int64_t>> loss_spans;
};

}  // namespace tersor::data

#endif  // TERSOR_DATA_DOCUMENT_H_
