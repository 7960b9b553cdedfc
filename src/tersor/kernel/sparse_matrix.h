// A matrix most of whose weights are zero, as a bit mask and the values that are not.
#ifndef TERSOR_KERNEL_SPARSE_MATRIX_H_
#define TERSOR_KERNEL_SPARSE_MATRIX_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace tersor::kernel {

/// How the values are stored. kInt8: weight = scale · value.
enum class SparseType { kF32, kBF16, kInt8 };

constexpr int64_t BytesOf(SparseType type) {
  return type == SparseType::kF32 ? 4 : type == SparseType::kBF16 ? 2 : 1;
}

/// Columns of a row that share a scale of kInt8. Shorter blocks would cost more than 3 % of a
/// matrix that is 90 % zeros; of 512 normal weights, 150 of them kept, the largest is only a third
/// larger than of 32, and so is the rounding.
inline constexpr int64_t kSparseScaleColumns = 512;

/// A view of a packed [rows, cols] matrix, at any address. In this order, little-endian, nothing
/// between them:
///   starts  uint32 [rows + 1]                      values before each row; last: all of them
///   scales  bfloat16 [rows, ceil(cols / 512)]      kInt8 only
///   masks   bytes [rows, 8 · ceil(cols / 64)]      bit c % 8 of byte c / 8: column c is not zero
///   values  float32, bfloat16 or int8 [starts[rows]], row by row, then 64 bytes of zeros, which
///           let kernels load whole vectors
/// All masks lie together, and so do all values: both are read as streams that run on from row to
/// row. That is as fast as masks and values in turns, and simpler to check and to enter anywhere.
struct SparseMatrix {
  SparseType type = SparseType::kBF16;
  int64_t rows = 0, cols = 0;
  const uint8_t* starts = nullptr;
  const uint8_t* scales = nullptr;
  const uint8_t* masks = nullptr;
  const uint8_t* values = nullptr;

  int64_t mask_bytes() const { return (cols + 63) / 64 * 8; }  // of a row
  int64_t row_scales() const {
    return type == SparseType::kInt8 ? (cols + kSparseScaleColumns - 1) / kSparseScaleColumns : 0;
  }
  /// Values before `row`.
  int64_t start(int64_t row) const;
};

/// `bytes` as a matrix; trusts that they are one.
SparseMatrix ViewSparse(SparseType type, int64_t rows, int64_t cols,
                        std::span<const std::byte> bytes);

/// Throws Error that begins with `what` where `bytes` are not a whole packed matrix: wrong size,
/// starts that disagree with the masks, columns beyond the last. Reads masks and starts only;
/// afterwards nothing that the values hold can make a kernel leave them.
void CheckSparse(SparseType type, int64_t rows, int64_t cols, std::span<const std::byte> bytes,
                 const std::string& what);

/// weights: [rows, cols] row-major. What rounds to zero in `type` is dropped, minus zero too: it
/// adds nothing but the sign of a zero. NaN and infinities are kept; in kInt8 they make the scale
/// NaN. Throws Error for more than 2^32 - 1 values.
std::vector<std::byte> PackSparse(SparseType type, std::span<const float> weights, int64_t rows,
                                  int64_t cols);

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_SPARSE_MATRIX_H_
