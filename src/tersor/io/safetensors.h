// safetensors: u64 little-endian header length, JSON header, raw little-endian data.
// Reading maps the file and copies nothing; every size and offset of the header is checked first.
#ifndef TERSOR_IO_SAFETENSORS_H_
#define TERSOR_IO_SAFETENSORS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tersor/io/dtype.h"
#include "tersor/util/file.h"

namespace tersor::io {

/// A view of one stored tensor, row-major; the file that it came from must stay alive.
struct HostTensor {
  std::string name;
  Dtype dtype = Dtype::kF32;
  std::vector<int64_t> shape;
  std::span<const std::byte> bytes;

  int64_t size() const;                 // number of elements
  std::vector<float> ToFloats() const;  // converted copy
};

/// The checked header of one file: what `bytes` (the whole file) holds. Throws Error that names
/// `path` and the tensor: truncated or oversized header, sizes that overflow, unknown dtype,
/// out-of-range, overlapping or mismatched offsets, holes, duplicate names.
struct SafetensorsHeader {
  std::vector<HostTensor> tensors;              // in file order
  std::map<std::string, std::string> metadata;  // "__metadata__"
};
SafetensorsHeader ParseSafetensors(std::span<const std::byte> bytes, const std::string& path);

/// All tensors of a model folder (`model.safetensors`, or `model.safetensors.index.json` with its
/// shards) or of one .safetensors file.
class TensorStore {
 public:
  /// Throws Error: no weights, a missing shard, a tensor that the index places elsewhere, ...
  static TensorStore Open(const std::string& path);

  /// nullptr where there is no such tensor.
  const HostTensor* Find(std::string_view name) const;
  /// Throws Error naming the file and the tensor.
  const HostTensor& Get(std::string_view name) const;
  const std::map<std::string, HostTensor, std::less<>>& tensors() const { return tensors_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  std::vector<MappedFile> files_;
  std::map<std::string, HostTensor, std::less<>> tensors_;
  std::map<std::string, std::string> metadata_;
};

/// Writes tensors atomically, in the order given; the first one starts at a multiple of 64 bytes.
void WriteSafetensors(const std::string& path, std::span<const HostTensor> tensors,
                      const std::map<std::string, std::string>& metadata = {});

}  // namespace tersor::io

#endif  // TERSOR_IO_SAFETENSORS_H_
