#include <cassert>

#include "tersor/kernel/decode.h"
#include "tersor/runtime/weight_format.h"
#include "tersor/util/parallel_for.h"

namespace tersor::runtime {
namespace {

class Int8 : public WeightFormat {
 public:
  std::string_view name() const override { return "int8"; }

  std::vector<std::byte> Pack(std::span<const float> weights, int64_t rows,
                              int64_t cols) const override {
    assert(std::ssize(weights) == rows * cols);
    std::vector<std::byte> out(static_cast<size_t>(rows * RowBytes(cols)));
    ParallelFor(0, rows, 16, [&](int64_t first, int64_t last) {
      for (int64_t r = first; r < last; ++r) {
        kernel::EncodeInt8(weights.data() + r * cols, cols, out.data() + r * RowBytes(cols));
      }
    });
    return out;
  }

  void Decode(const PackedMatrix& matrix, int64_t row, int64_t first, int64_t count,
              float* out) const override {
    kernel::DecodeInt8(matrix.bytes.data() + row * RowBytes(matrix.cols) + RowBytes(first), count,
                       out);
  }

  void Matvec(const PackedMatrix& matrix, const kernel::Activations& x, float* y) const override {
    kernel::MatvecInt8(matrix.rows, matrix.bytes.data(), x, y);
  }

 private:
  static int64_t RowBytes(int64_t cols) {
    return (cols + kernel::kGroup - 1) / kernel::kGroup *
           static_cast<int64_t>(sizeof(kernel::Int8Block));
  }
};

}  // namespace

const WeightFormat& Int8Format() {
  static const Int8 format;
  return format;
}

}  // namespace tersor::runtime
