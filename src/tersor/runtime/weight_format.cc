#include "tersor/runtime/weight_format.h"

#include "tersor/kernel/gemm.h"

namespace tersor::runtime {
namespace {

class Rows : public kernel::RowSource {
 public:
  Rows(const WeightFormat& format, const PackedMatrix& matrix) : format_(format), matrix_(matrix) {}
  void Decode(int64_t row, int64_t first, int64_t count, float* out) const override {
    format_.Decode(matrix_, row, first, count, out);
  }

 private:
  const WeightFormat& format_;
  const PackedMatrix& matrix_;
};

}  // namespace

void WeightFormat::Matmul(const PackedMatrix& matrix, const kernel::Activations& x,
                          float* y) const {
  kernel::Matmul(Rows(*this, matrix), matrix.rows, x, y);
}

void Multiply(const WeightFormat& format, const PackedMatrix& matrix, const kernel::Activations& x,
              float* y) {
  if (x.tokens() <= kernel::kMatvecTokens) {
    format.Matvec(matrix, x, y);
  } else {
    format.Matmul(matrix, x, y);
  }
}

const WeightFormat* FindFormat(std::string_view name) {
  for (const WeightFormat* format :
       {&FloatFormat(kernel::FloatType::kF32), &FloatFormat(kernel::FloatType::kBF16),
        &FloatFormat(kernel::FloatType::kF16), &Int8Format(), &Mxfp4Format(false),
        &Mxfp4Format(true), &SparseFormat(kernel::SparseType::kF32),
        &SparseFormat(kernel::SparseType::kBF16), &SparseFormat(kernel::SparseType::kInt8)}) {
    if (format->name() == name) {
      return format;
    }
  }
  return nullptr;
}

}  // namespace tersor::runtime
