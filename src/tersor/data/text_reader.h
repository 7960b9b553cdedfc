// Text from files: plain, gzipped, or JSON lines.
#ifndef TERSOR_DATA_TEXT_READER_H_
#define TERSOR_DATA_TEXT_READER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "tersor/data/document.h"

namespace tersor::data {

struct TextReadResult {
  std::vector<Document> documents;
  int64_t files = 0;
  int64_t bytes = 0;           // of all documents, after repair
  int64_t replaced_bytes = 0;  // that were not UTF-8 and became U+FFFD
};

/// Reads files, folders (recursively, in name order) and globs. A plain file is one document. A
/// .jsonl file holds one object a line: {"text"}; {"prompt", "completion"}, loss on the completion;
/// or {"messages": [{"role", "content"}]}, loss on what the assistant says, each turn written as
/// "role: content" and a newline. `.gz` files are unpacked first. Files with a zero byte are
/// skipped with a warning. Throws Error naming the file (and line), and when there is no text at
/// all.
TextReadResult ReadText(const std::vector<std::string>& paths);

/// The whole of a gzip file. Throws Error naming the path.
std::string ReadGzip(const std::string& path);

}  // namespace tersor::data

#endif  // TERSOR_DATA_TEXT_READER_H_
