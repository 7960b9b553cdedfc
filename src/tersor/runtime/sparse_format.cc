#include <algorithm>

#include "tersor/kernel/sparse_matvec.h"
#include "tersor/runtime/weight_format.h"

namespace tersor::runtime {
namespace {

using kernel::SparseType;

/// Zeros from which on the format pays. Measured (docs/runtime.md): from 30 % with AVX-512, from
/// somewhat more than 50 % with AVX2 on a core that has much of the memory's rate to itself, from
/// fewer where it has not.
constexpr double kZerosFromWhichItPays = 0.4;

/// Tokens up to which several products for few are faster than one for many.
constexpr int64_t kMatvecsPay = 16;

class Sparse : public WeightFormat {
 public:
  explicit Sparse(SparseType type) : type_(type) {}

  std::string_view name() const override {
    return type_ == SparseType::kF32    ? "sparse-f32"
           : type_ == SparseType::kBF16 ? "sparse-bf16"
                                        : "sparse-int8";
  }

  bool blocks_only() const override { return true; }

  std::vector<std::byte> Pack(std::span<const float> weights, int64_t rows,
                              int64_t cols) const override {
    return kernel::PackSparse(type_, weights, rows, cols);
  }

  const WeightFormat& BestFor(std::span<const float> weights) const override {
    const auto zeros = static_cast<double>(std::count(weights.begin(), weights.end(), 0.0f));
    const bool pays = zeros >= kZerosFromWhichItPays * static_cast<double>(weights.size());
    return pays ? *this : *fallback();
  }

  const WeightFormat* fallback() const override {
    return type_ == SparseType::kInt8
               ? &Int8Format()
               : &FloatFormat(type_ == SparseType::kF32 ? kernel::FloatType::kF32
                                                        : kernel::FloatType::kBF16);
  }

  void Check(const PackedMatrix& matrix, const std::string& what) const override {
    kernel::CheckSparse(type_, matrix.rows, matrix.cols, matrix.bytes, what);
  }

  void Decode(const PackedMatrix& matrix, int64_t row, int64_t first, int64_t count,
              float* out) const override {
    kernel::DecodeSparse(View(matrix), row, first, count, out);
  }

  void Matvec(const PackedMatrix& matrix, const kernel::Activations& x, float* y) const override {
    kernel::MatvecSparse(View(matrix), x, y);
  }

  void Matmul(const PackedMatrix& matrix, const kernel::Activations& x, float* y) const override {
    if (x.tokens() > kMatvecsPay) {
      WeightFormat::Matmul(matrix, x, y);
      return;
    }
    for (int64_t t = 0; t < x.tokens(); t += kernel::kMatvecTokens) {
      const int64_t count = std::min(kernel::kMatvecTokens, x.tokens() - t);
      Matvec(matrix, kernel::Activations(x.row(t), count, x.cols(), x.workspace()),
             y + t * matrix.rows);
    }
  }

 private:
  kernel::SparseMatrix View(const PackedMatrix& matrix) const {
    return kernel::ViewSparse(type_, matrix.rows, matrix.cols, matrix.bytes);
  }

  SparseType type_;
};

}  // namespace

const WeightFormat& SparseFormat(SparseType type) {
  static const Sparse f32(SparseType::kF32), bf16(SparseType::kBF16), int8(SparseType::kInt8);
  return type == SparseType::kF32 ? f32 : type == SparseType::kBF16 ? bf16 : int8;
}

}  // namespace tersor::runtime
