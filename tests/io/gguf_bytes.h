// GGUF files written byte by byte, valid or not.
#ifndef TERSOR_TESTS_IO_GGUF_BYTES_H_
#define TERSOR_TESTS_IO_GGUF_BYTES_H_

#include <cstdint>
#include <string>
#include <vector>

namespace tersor::io::testing_gguf {

template <typename T>
std::string Raw(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof(T)};
}
inline std::string U32(uint32_t value) { return Raw(value); }
inline std::string U64(uint64_t value) { return Raw(value); }
inline std::string Text(const std::string& text) { return U64(text.size()) + text; }

inline std::string Key(const std::string& key, uint32_t type, const std::string& value) {
  return Text(key) + U32(type) + value;
}

inline std::string Tensor(const std::string& name, const std::vector<uint64_t>& shape,
                          uint32_t type, uint64_t offset) {
  std::string out = Text(name) + U32(static_cast<uint32_t>(shape.size()));
  for (const uint64_t n : shape) {
    out += U64(n);
  }
  return out + U32(type) + U64(offset);
}

/// A whole file: the header, padded to 32 bytes, and this many bytes of data.
inline std::string File(const std::vector<std::string>& keys,
                        const std::vector<std::string>& tensors, size_t data,
                        uint32_t version = 3) {
  std::string out = "GGUF" + U32(version) + U64(tensors.size()) + U64(keys.size());
  for (const std::string& key : keys) {
    out += key;
  }
  for (const std::string& tensor : tensors) {
    out += tensor;
  }
  out.resize((out.size() + 31) / 32 * 32 + data);
  return out;
}

}  // namespace tersor::io::testing_gguf

#endif  // TERSOR_TESTS_IO_GGUF_BYTES_H_
