// The first step of byte-level BPE: text cut into words by regular expressions.
#ifndef TERSOR_IO_PRE_TOKENIZER_H_
#define TERSOR_IO_PRE_TOKENIZER_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tersor::io {

/// GPT-2's pattern, which "ByteLevel" stands for; OPT uses it too.
extern const char* const kGpt2Pattern;

/// A compiled Unicode pattern (PCRE2 with JIT); safe to use from several threads at once.
class SplitPattern {
 public:
  /// Throws Error naming `source` and the place in the pattern.
  SplitPattern(const std::string& pattern, const std::string& source);
  ~SplitPattern();
  SplitPattern(SplitPattern&&) noexcept;
  SplitPattern& operator=(SplitPattern&&) noexcept;

  /// Appends the pieces of `text` in order: matches and what lies between them, nothing lost. Bytes
  /// that are no UTF-8 become pieces of their own. Throws Error where the pattern needs too many
  /// steps for this text.
  void Split(std::string_view text, std::vector<std::string_view>& pieces) const;

 private:
  struct Compiled;
  std::unique_ptr<Compiled> compiled_;
};

}  // namespace tersor::io

#endif  // TERSOR_IO_PRE_TOKENIZER_H_
