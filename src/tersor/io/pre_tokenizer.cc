#include "tersor/io/pre_tokenizer.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "tersor/util/error.h"
#include "tersor/util/utf8.h"

namespace tersor::io {
namespace {

/// Match data of one thread and one pattern; the pattern itself is shared.
struct MatchData {
  explicit MatchData(const pcre2_code* code)
      : data(::pcre2_match_data_create_from_pattern(code, nullptr)) {}
  ~MatchData() { ::pcre2_match_data_free(data); }
  MatchData(const MatchData&) = delete;
  MatchData& operator=(const MatchData&) = delete;
  pcre2_match_data* data;
};

/// Length of the longest valid UTF-8 prefix.
size_t ValidPrefix(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    const size_t length = CharacterLength(text.substr(at));
    if (length == 0) {
      break;
    }
    at += length;
  }
  return at;
}

}  // namespace

const char* const kGpt2Pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

struct SplitPattern::Compiled {
  pcre2_code* code = nullptr;
  ~Compiled() { ::pcre2_code_free(code); }

  void Split(std::string_view text, std::vector<std::string_view>& pieces) const {
    const MatchData match(code);
    const auto* subject = reinterpret_cast<PCRE2_SPTR>(text.data());
    const PCRE2_SIZE* range = ::pcre2_get_ovector_pointer(match.data);
    size_t at = 0;
    while (at < text.size()) {
      // The text was checked, so PCRE2 need not check it once for every match.
      const int found =
          ::pcre2_match(code, subject, text.size(), at, PCRE2_NO_UTF_CHECK, match.data, nullptr);
      // A pattern that gives up (a limit) is as good as one that finds nothing more.
      const size_t first = found > 0 ? range[0] : text.size();
      size_t last = found > 0 ? range[1] : text.size();
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
  int code = 0;
  PCRE2_SIZE at = 0;
  compiled_->code =
      ::pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                      PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C, &code, &at, nullptr);
  if (compiled_->code == nullptr) {
    PCRE2_UCHAR reason[128];
    ::pcre2_get_error_message(code, reason, sizeof(reason));
    Fail(source, ": the pre-tokenizer's pattern is invalid at character ", at, ": ",
         reinterpret_cast<const char*>(reason));
  }
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
