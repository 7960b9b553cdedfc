// Writes GGUF version 3, aligned to 32 bytes.
#ifndef TERSOR_IO_GGUF_WRITER_H_
#define TERSOR_IO_GGUF_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tersor/io/gguf.h"
#include "tersor/io/gguf_metadata.h"
#include "tersor/util/file.h"

namespace tersor::io {

/// A tensor that is going to be written.
struct GgufTensorInfo {
  std::string name;
  GgmlType type = GgmlType::kF32;
  std::vector<int64_t> shape;  // outermost first
};

/// Takes the tensors' data one after another, so that a model never has to be in memory whole.
/// Nothing is at `path` before `Commit`.
class GgufWriter {
 public:
  /// Throws Error naming `path` and the tensor: a name twice or too long, a shape that the type
  /// cannot have; a file that cannot be written.
  GgufWriter(const std::string& path, const GgufMetadata& metadata,
             std::vector<GgufTensorInfo> tensors);

  /// Data of the next tensor of the list. Throws Error: not its size, or none is left.
  void Write(std::span<const std::byte> bytes);

  /// Throws Error where data is missing.
  void Commit();

 private:
  void Pad(uint64_t written);

  std::string path_;
  std::vector<GgufTensorInfo> tensors_;
  size_t next_ = 0;
  AtomicFile file_;
};

/// All at once; the tensors are F32, F16, BF16, Q8_0 or MXFP4. Throws Error as above.
void WriteGguf(const std::string& path, const GgufMetadata& metadata,
               std::span<const GgufTensor> tensors);

}  // namespace tersor::io

#endif  // TERSOR_IO_GGUF_WRITER_H_
