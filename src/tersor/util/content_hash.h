// A name for the content of a cached file.
#ifndef TERSOR_UTIL_CONTENT_HASH_H_
#define TERSOR_UTIL_CONTENT_HASH_H_

#include <fmt/core.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace tersor {

/// Two FNV-1a lanes over 8-byte words: 128 bits keep different inputs apart, as long as nobody
/// looks for two that collide.
class ContentHash {
 public:
  /// Texts count with their borders: "ab", "c" is not "a", "bc".
  void Add(std::string_view text) {
    Word(text.size());
    size_t i = 0;
    for (; i + 8 <= text.size(); i += 8) {
      uint64_t word = 0;
      std::memcpy(&word, text.data() + i, 8);
      Word(word);
    }
    uint64_t tail = 0;
    std::memcpy(&tail, text.data() + i, text.size() - i);
    Word(tail);
  }

  /// 32 hexadecimal digits.
  std::string Text() const { return fmt::format("{:016x}{:016x}", a_, b_); }

 private:
  void Word(uint64_t word) {
    a_ = (a_ ^ word) * 0x100000001b3;
    b_ = (b_ ^ (word * 0x9E3779B97F4A7C15)) * 0xd6e8feb86659fd93;
    a_ ^= a_ >> 29;
    b_ ^= b_ >> 32;
  }
  uint64_t a_ = 0xcbf29ce484222325, b_ = 0x84222325cbf29ce4;
};

}  // namespace tersor

#endif  // TERSOR_UTIL_CONTENT_HASH_H_
