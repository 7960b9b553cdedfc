// Weights as they are stored, and the formats that serve them.
#ifndef TERSOR_RUNTIME_MATRIX_SOURCE_H_
#define TERSOR_RUNTIME_MATRIX_SOURCE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tersor/io/quantization.h"
#include "tersor/io/safetensors.h"
#include "tersor/runtime/weight_format.h"

namespace tersor::runtime {

/// A matrix as it is stored. Where no format serves it in place, `in_place` is false and `format`
/// is the one that it is best packed into.
struct StoredMatrix {
  int64_t rows = 0, cols = 0;
  const WeightFormat* format = nullptr;
  bool in_place = true;
  std::span<const std::byte> bytes;
};

/// Weights by name; all that it gives out points into it.
class MatrixSource {
 public:
  virtual ~MatrixSource() = default;
  virtual StoredMatrix Matrix(const std::string& name) const = 0;
  /// Any weight as floats.
  virtual std::vector<float> Floats(const std::string& name) const = 0;
};

/// A tensor of a checkpoint folder; what lies behind the first axis counts as columns.
StoredMatrix MatrixOf(const io::HostTensor& tensor);

/// `stored`, unless the configuration says that the blocks' matrices are MXFP4 and `name` is one of
/// them: then to be packed so, or in place where it is stored so.
StoredMatrix AsTrained(const std::optional<io::Quantization>& quantization, const std::string& name,
                       StoredMatrix stored);

}  // namespace tersor::runtime

#endif  // TERSOR_RUNTIME_MATRIX_SOURCE_H_
