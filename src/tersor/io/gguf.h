// GGUF, the one-file model format of llama.cpp, versions 2 and 3: metadata, a table of tensors,
// data. Reading maps the file and copies no weights; every size and offset of the header is checked
// first.
#ifndef TERSOR_IO_GGUF_H_
#define TERSOR_IO_GGUF_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tersor/io/ggml_type.h"
#include "tersor/io/gguf_metadata.h"
#include "tersor/util/file.h"
#include "tersor/util/text_map.h"

namespace tersor::io {

/// A view of one stored tensor; the file that it came from must stay alive.
struct GgufTensor {
  std::string name;
  GgmlType type = GgmlType::kF32;
  std::vector<int64_t> shape;  // outermost first, unlike in the file: [rows, columns]
  std::span<const std::byte> bytes;

  int64_t size() const;                 // number of weights
  std::vector<float> ToFloats() const;  // converted copy; Error naming the tensor and its type
};

/// Bytes of a tensor of this type and shape. Throws Error that begins with `where`: the product
/// overflows, or a row is no whole number of blocks.
uint64_t GgufTensorBytes(GgmlType type, std::span<const int64_t> shape, const std::string& where);

/// The checked header of one file: what `bytes` (the whole file) holds. Throws Error of one line
/// that names `path` and the key or tensor: truncated or damaged, counts and sizes beyond the file,
/// unknown types, names given twice, more than four dimensions or empty ones, misaligned,
/// overlapping or out-of-range data. (The entry point that is fuzzed.)
struct GgufHeader {
  uint32_t version = 0;
  uint64_t alignment = 0;
  GgufMetadata metadata;
  std::vector<GgufTensor> tensors;  // in the order of the table
};
GgufHeader ParseGguf(std::span<const std::byte> bytes, const std::string& path);

/// One mapped file. Movable; tensors point into it.
class GgufFile {
 public:
  explicit GgufFile(const std::string& path);

  const GgufMetadata& metadata() const { return header_.metadata; }
  const std::vector<GgufTensor>& tensors() const { return header_.tensors; }
  const std::string& path() const { return file_.path(); }

  /// nullptr where there is no such tensor.
  const GgufTensor* Find(std::string_view name) const;

 private:
  MappedFile file_;
  GgufHeader header_;
  TextMap<size_t> index_;
};

}  // namespace tersor::io

#endif  // TERSOR_IO_GGUF_H_
