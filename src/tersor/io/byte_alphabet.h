// The 256 printable characters in which byte-level BPE spells bytes.
#ifndef TERSOR_IO_BYTE_ALPHABET_H_
#define TERSOR_IO_BYTE_ALPHABET_H_

#include <array>
#include <cstdint>

namespace tersor::io {

/// Code point that stands for a byte: printable Latin-1 for itself, the others from U+0100 on.
inline std::array<uint32_t, 256> ByteAlphabet() {
  std::array<uint32_t, 256> codes{};
  uint32_t next = 256;
  for (uint32_t byte = 0; byte < 256; ++byte) {
    const bool printable =
        (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    codes[byte] = printable ? byte : next++;
  }
  return codes;
}

}  // namespace tersor::io

#endif  // TERSOR_IO_BYTE_ALPHABET_H_
