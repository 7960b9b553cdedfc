#include "tersor/io/idx.h"

#include "tersor/util/error.h"

namespace tersor::io {
namespace {

constexpr size_t kMagic = 4;       // bytes
constexpr unsigned kBytes = 0x08;  // the element type that images and labels have
constexpr unsigned kMostDims = 8;

}  // namespace

IdxArray ParseIdx(std::span<const std::byte> bytes, const std::string& source) {
  const auto at = [&](size_t i) { return std::to_integer<unsigned>(bytes[i]); };
  TERSOR_CHECK(
      bytes.size() >= kMagic && at(0) == 0 && at(1) == 0 && at(3) >= 1 && at(3) <= kMostDims,
      source, ": not an IDX file");
  TERSOR_CHECK(at(2) == kBytes, source, ": elements of IDX type ", at(2),
               " are not supported; supported: 8 (bytes)");
  const size_t dims = at(3), header = kMagic + 4 * dims;
  TERSOR_CHECK(bytes.size() >= header, source, ": truncated: the header of ", header,
               " bytes ends after ", bytes.size());
  IdxArray array;
  const uint64_t stored = bytes.size() - header;
  uint64_t wanted = 1;
  for (size_t d = 0; d < dims; ++d) {
    const size_t i = kMagic + 4 * d;
    const uint64_t n = at(i) << 24 | at(i + 1) << 16 | at(i + 2) << 8 | at(i + 3);
    TERSOR_CHECK(n == 0 || wanted <= (uint64_t{1} << 40) / n, source,
                 ": the header's dimensions are too large");
    wanted *= n;
    array.shape.push_back(static_cast<int64_t>(n));
  }
  TERSOR_CHECK(stored >= wanted, source, ": truncated: ", stored, " of ", wanted,
               " elements are there");
  TERSOR_CHECK(stored == wanted, source, ": ", stored - wanted, " bytes too many after ", wanted,
               " elements");
  array.values = {reinterpret_cast<const uint8_t*>(bytes.data()) + header, wanted};
  return array;
}

}  // namespace tersor::io
