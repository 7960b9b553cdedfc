#include "tersor/runtime/text_stream.h"

#include <algorithm>
#include <utility>

#include "tersor/util/utf8.h"

namespace tersor::runtime {
namespace {

/// Length of the longest end of `text` that is a proper beginning of `stop`.
size_t Overlap(std::string_view text, std::string_view stop) {
  for (size_t n = std::min(text.size(), stop.size() - 1); n > 0; --n) {
    if (text.substr(text.size() - n) == stop.substr(0, n)) {
      return n;
    }
  }
  return 0;
}

/// Bytes at the end of `text` that may become a character with those that follow: up to three.
size_t IncompleteTail(std::string_view text) {
  for (size_t n = 1; n <= std::min<size_t>(3, text.size()); ++n) {
    const auto byte = static_cast<unsigned char>(text[text.size() - n]);
    if ((byte & 0xc0) == 0x80) {
      continue;  // a continuation: its first byte comes earlier
    }
    const size_t wanted = byte >= 0xf0 && byte < 0xf5   ? 4
                          : byte >= 0xe0 && byte < 0xf0 ? 3
                          : byte >= 0xc2 && byte < 0xe0 ? 2
                                                        : 1;
    return n < wanted ? n : 0;
  }
  return 0;
}

}  // namespace

TextStream::TextStream(std::vector<std::string> stop) : stop_(std::move(stop)) {
  std::erase(stop_, "");
}

std::string TextStream::Add(std::string_view bytes) {
  if (stopped_) {
    return {};
  }
  held_ += bytes;
  size_t found = std::string::npos;
  for (const std::string& stop : stop_) {
    found = std::min(found, held_.find(stop));
  }
  if (found != std::string::npos) {
    stopped_ = true;
    held_.resize(found);
    RepairUtf8(held_);
    return std::exchange(held_, {});
  }
  size_t keep = IncompleteTail(held_);
  for (const std::string& stop : stop_) {
    keep = std::max(keep, Overlap(held_, stop));
  }
  // Holding back for a stop string must not cut a character in half either.
  std::string shown = held_.substr(0, held_.size() - keep);
  const size_t tail = IncompleteTail(shown);
  held_.erase(0, shown.size() - tail);
  shown.resize(shown.size() - tail);
  RepairUtf8(shown);
  return shown;
}

std::string TextStream::Finish() {
  RepairUtf8(held_);
  return std::exchange(held_, {});
}

}  // namespace tersor::runtime
