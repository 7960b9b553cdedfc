// A tokenized corpus in one memory-mapped file.
#ifndef TERSOR_DATA_TOKEN_FILE_H_
#define TERSOR_DATA_TOKEN_FILE_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tersor/data/document.h"
#include "tersor/io/tokenizer.h"
#include "tersor/util/file.h"

namespace tersor::data {

/// All documents as one stream: for each, the tokenizer's beginning token (where it has one), the
/// text's tokens, the end token. Header of 64 bytes, then ids of 16 or 32 bits, then, where some
/// tokens carry no loss, one bit a token.
class TokenFile {
 public:
  /// Tokenizes in parallel into folder/<hash>.tokens, or opens that file where an earlier run made
  /// it from the same texts and tokenizer (`tokenizer_identity`: its file's contents). A damaged
  /// file is made anew. Throws Error when the documents are empty or the folder cannot be written.
  static TokenFile Build(std::span<const Document> documents, const io::Tokenizer& tokenizer,
                         std::string_view tokenizer_identity, const std::string& folder);

  /// Opens and checks a file. Throws Error naming the path.
  static TokenFile Open(const std::string& path);

  int64_t size() const { return count_; }        // tokens
  int64_t text_bytes() const { return bytes_; }  // UTF-8 bytes of the texts
  bool has_mask() const { return !mask_.empty(); }
  int32_t Token(int64_t index) const;
  bool CarriesLoss(int64_t index) const;
  std::vector<int32_t> Tokens(int64_t first, int64_t count) const;
  const std::string& path() const { return file_.path(); }

 private:
  explicit TokenFile(const std::string& path) : file_(path) {}

  MappedFile file_;
  int64_t count_ = 0, bytes_ = 0, id_bytes_ = 2;
  std::span<const std::byte> ids_, mask_;
};

}  // namespace tersor::data

#endif  // TERSOR_DATA_TOKEN_FILE_H_
