#include "tersor/io/pre_tokenizer.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <limits>
#include <new>

#include "tersor/util/error.h"
#include "tersor/util/utf8.h"

namespace tersor::io {
namespace {

// A pattern is input: these bound what a hostile one can cost. Real ones have 300 bytes and need,
// at the end of a long run of spaces, a few steps for each of them.
constexpr size_t kLongestPattern = 1 << 14;
constexpr size_t kStepsPerMatch = 1'000'000, kStepsPerByte = 16;
constexpr uint32_t kHeapLimitKib = 1 << 16;

std::string ErrorText(int code) {
  PCRE2_UCHAR text[128];
  ::pcre2_get_error_message(code, text, sizeof(text));
  return reinterpret_cast<const char*>(text);
}

/// What one search over one text needs besides the pattern, which threads share.
class Search {
 public:
  Search(const pcre2_code* code, std::string_view text)
      : code_(code),
        text_(text),
        limits_(::pcre2_match_context_create(nullptr)),
        data_(::pcre2_match_data_create_from_pattern(code, nullptr)) {
    if (limits_ == nullptr || data_ == nullptr) {
      throw std::bad_alloc();
    }
    ::pcre2_set_match_limit(limits_.get(), static_cast<uint32_t>(std::min<size_t>(
                                               kStepsPerMatch + kStepsPerByte * text.size(),
                                               std::numeric_limits<uint32_t>::max())));
    ::pcre2_set_heap_limit(limits_.get(), kHeapLimitKib);
  }

  /// PCRE2's result of looking for a match at or after `at`.
  int Next(size_t at) {
    const int found = Run(at, 0);
    // The interpreter, unlike the compiled pattern, keeps its stack on the heap.
    return found == PCRE2_ERROR_JIT_STACKLIMIT ? Run(at, PCRE2_NO_JIT) : found;
  }
  size_t first() const { return ::pcre2_get_ovector_pointer(data_.get())[0]; }
  size_t last() const { return ::pcre2_get_ovector_pointer(data_.get())[1]; }

 private:
  struct Free {
    void operator()(pcre2_match_context* limits) const { ::pcre2_match_context_free(limits); }
    void operator()(pcre2_match_data* data) const { ::pcre2_match_data_free(data); }
  };

  int Run(size_t at, uint32_t options) {
    // The text was checked, so PCRE2 need not check it once for every match.
    return ::pcre2_match(code_, reinterpret_cast<PCRE2_SPTR>(text_.data()), text_.size(), at,
                         options | PCRE2_NO_UTF_CHECK, data_.get(), limits_.get());
  }

  const pcre2_code* code_;
  std::string_view text_;
  std::unique_ptr<pcre2_match_context, Free> limits_;
  std::unique_ptr<pcre2_match_data, Free> data_;
};

}  // namespace

const char* const kGpt2Pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

struct SplitPattern::Compiled {
  std::string source;
  pcre2_code* code = nullptr;
  ~Compiled() { ::pcre2_code_free(code); }

  /// Splits valid UTF-8.
  void Split(std::string_view text, std::vector<std::string_view>& pieces) const {
    if (text.empty()) {
      return;
    }
    Search search(code, text);
    for (size_t at = 0; at < text.size();) {
      const int found = search.Next(at);
      TERSOR_CHECK(found > 0 || found == PCRE2_ERROR_NOMATCH, source,
                   ": the pre-tokenizer's pattern gives up on this text: ", ErrorText(found));
      const size_t first = found > 0 ? search.first() : text.size();
      size_t last = found > 0 ? search.last() : text.size();
      if (first > at) {
        pieces.push_back(text.substr(at, first - at));
      }
      if (last == first && last < text.size()) {
        last += CharacterLength(text.substr(last));  // An empty match must not stand still.
      }
      if (last > first) {
        pieces.push_back(text.substr(first, last - first));
      }
      at = last;
    }
  }
};

SplitPattern::SplitPattern(const std::string& pattern, const std::string& source)
    : compiled_(std::make_unique<Compiled>()) {
  TERSOR_CHECK(pattern.size() <= kLongestPattern, source, ": the pre-tokenizer's pattern has ",
               pattern.size(), " bytes; at most ", kLongestPattern, " are supported");
  int code = 0;
  PCRE2_SIZE at = 0;
  compiled_->code =
      ::pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                      PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C, &code, &at, nullptr);
  if (compiled_->code == nullptr) {
    Fail(source, ": the pre-tokenizer's pattern is invalid at character ", at, ": ",
         ErrorText(code));
  }
  compiled_->source = source;
  // Without JIT (not built in, or no memory) matching is slower but the same.
  ::pcre2_jit_compile(compiled_->code, PCRE2_JIT_COMPLETE);
}

SplitPattern::~SplitPattern() = default;
SplitPattern::SplitPattern(SplitPattern&&) noexcept = default;
SplitPattern& SplitPattern::operator=(SplitPattern&&) noexcept = default;

void SplitPattern::Split(std::string_view text, std::vector<std::string_view>& pieces) const {
  while (!text.empty()) {
    const size_t valid = ValidPrefix(text);
    compiled_->Split(text.substr(0, valid), pieces);
    if (valid < text.size()) {
      pieces.push_back(text.substr(valid, 1));
    }
    text.remove_prefix(std::min(valid + 1, text.size()));
  }
}

}  // namespace tersor::io
