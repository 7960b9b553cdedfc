// WeightFormat: how a weight matrix is packed for the runtime, and its product with activations.
#ifndef TERSOR_RUNTIME_WEIGHT_FORMAT_H_
#define TERSOR_RUNTIME_WEIGHT_FORMAT_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace tersor::runtime {

/// A packed matrix [rows, cols] that stands for W in y = W x; a view, the bytes live elsewhere.
struct PackedMatrix {
  int64_t rows = 0, cols = 0;
  std::span<const std::byte> bytes;
};

/// One packing. Stateless; one instance serves every matrix. A new format is one file.
class WeightFormat {
 public:
  virtual ~WeightFormat() = default;

  /// Name in records and in `quantization_config`, such as "f32" or "mxfp4".
  virtual std::string_view name() const = 0;

  /// Size in bytes of a packed [rows, cols] matrix.
  virtual size_t PackedBytes(int64_t rows, int64_t cols) const = 0;

  /// weights: [rows, cols] row-major; out: PackedBytes(rows, cols) bytes.
  virtual void Pack(std::span<const float> weights, int64_t rows, int64_t cols,
                    std::span<std::byte> out) const = 0;

  /// The weights that the packed matrix stands for, [rows, cols] row-major.
  virtual void Unpack(const PackedMatrix& matrix, std::span<float> out) const = 0;

  /// y[rows] = W x[cols].
  virtual void Matvec(const PackedMatrix& matrix, std::span<const float> x,
                      std::span<float> y) const = 0;

  /// y[tokens, rows] = x[tokens, cols] Wᵀ.
  virtual void Matmul(const PackedMatrix& matrix, std::span<const float> x, int64_t tokens,
                      std::span<float> y) const = 0;
};

/// Plain float32, row-major: the definition that other formats are compared with.
std::unique_ptr<WeightFormat> MakeF32Format();

}  // namespace tersor::runtime

#endif  // TERSOR_RUNTIME_WEIGHT_FORMAT_H_
