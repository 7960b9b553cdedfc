#include "tersor/util/quoted.h"

namespace tersor {
namespace {

constexpr size_t kMaxQuotedBytes = 60;

}  // namespace

std::string Quoted(std::string_view text) {
  const bool clipped = text.size() > kMaxQuotedBytes;
  text = text.substr(0, kMaxQuotedBytes);
  while (clipped && !text.empty() && (text.back() & 0x80) != 0) {
    text.remove_suffix(1);  // do not end within a UTF-8 sequence
  }
  std::string quoted = "'";
  for (const char c : text) {
    quoted += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  }
  return quoted + (clipped ? "...'" : "'");
}

}  // namespace tersor
