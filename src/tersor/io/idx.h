// IDX: the format of the MNIST family. Two zero bytes, the type of the elements, the number of
// dimensions, each dimension as a big-endian 32-bit number, then the elements.
#ifndef TERSOR_IO_IDX_H_
#define TERSOR_IO_IDX_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace tersor::io {

/// Bytes, row-major; a view of the input.
struct IdxArray {
  std::vector<int64_t> shape;
  std::span<const uint8_t> values;
};

/// Parses the whole (unpacked) file. Throws Error naming `source`: another format or element type,
/// a header or data that end early, bytes after the end.
IdxArray ParseIdx(std::span<const std::byte> bytes, const std::string& source);

}  // namespace tersor::io

#endif  // TERSOR_IO_IDX_H_
