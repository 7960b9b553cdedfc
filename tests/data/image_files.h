// Image files for tests, made on the spot.
#ifndef TERSOR_TESTS_DATA_IMAGE_FILES_H_
#define TERSOR_TESTS_DATA_IMAGE_FILES_H_

#include <zlib.h>

#include <cstdint>
#include <string>
#include <vector>

#include "test_files.h"

namespace tersor::testing {

inline std::string BigEndian(uint64_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) {
    bytes += static_cast<char>(value >> shift);
  }
  return bytes;
}

/// An IDX file of bytes.
inline std::string IdxBytes(const std::vector<uint64_t>& shape, const std::string& values) {
  std::string file = {0, 0, 8, static_cast<char>(shape.size())};
  for (const uint64_t n : shape) {
    file += BigEndian(n);
  }
  return file + values;
}

inline void SpillGzip(const std::string& path, const std::string& contents) {
  const gzFile file = ::gzopen(path.c_str(), "wb");
  ::gzwrite(file, contents.data(), static_cast<unsigned>(contents.size()));
  ::gzclose(file);
}

inline std::string PngChunk(const std::string& type, const std::string& data) {
  const std::string body = type + data;
  const auto* bytes = reinterpret_cast<const Bytef*>(body.data());
  return BigEndian(data.size()) + body +
         BigEndian(::crc32(0, bytes, static_cast<uInt>(body.size())));
}

/// A PNG of `channels` 1 (grey) or 3 (red, green, blue), pixels [height, width, channels]; without
/// pixels a header that promises some.
inline std::string PngBytes(int channels, int height, int width, const std::string& pixels) {
  std::string rows;
  for (int y = 0; y < height && !pixels.empty(); ++y) {
    rows += '\0';  // no filter
    rows += pixels.substr(static_cast<size_t>(y * width * channels),
                          static_cast<size_t>(width * channels));
  }
  std::string packed(::compressBound(rows.size()), '\0');
  uLongf size = packed.size();
  ::compress(reinterpret_cast<Bytef*>(packed.data()), &size,
             reinterpret_cast<const Bytef*>(rows.data()), rows.size());
  packed.resize(size);
  const std::string header = BigEndian(static_cast<uint64_t>(width)) +
                             BigEndian(static_cast<uint64_t>(height)) +
                             std::string({8, static_cast<char>(channels == 3 ? 2 : 0), 0, 0, 0});
  return "\x89PNG\r\n\x1a\n" + PngChunk("IHDR", header) + PngChunk("IDAT", packed) +
         PngChunk("IEND", "");
}

}  // namespace tersor::testing

#endif  // TERSOR_TESTS_DATA_IMAGE_FILES_H_
