#include <cassert>

#include "tersor/kernel/decode.h"
#include "tersor/kernel/mxfp4_matvec.h"
#include "tersor/runtime/weight_format.h"
#include "tersor/util/parallel_for.h"

namespace tersor::runtime {
namespace {

class Mxfp4 : public WeightFormat {
 public:
  explicit Mxfp4(bool round_activations) : round_activations_(round_activations) {}

  std::string_view name() const override { return round_activations_ ? "mxfp4-w4a4" : "mxfp4"; }

  bool blocks_only() const override { return true; }

  size_t PackedBytes(int64_t rows, int64_t cols) const override {
    return static_cast<size_t>(rows * RowBytes(cols));
  }

  void Pack(std::span<const float> weights, int64_t rows, int64_t cols,
            std::span<std::byte> out) const override {
    assert(std::ssize(weights) == rows * cols && out.size() == PackedBytes(rows, cols));
    ParallelFor(0, rows, 16, [&](int64_t first, int64_t last) {
      for (int64_t r = first; r < last; ++r) {
        kernel::EncodeMxfp4(weights.data() + r * cols, cols, out.data() + r * RowBytes(cols));
      }
    });
  }

  void Decode(const PackedMatrix& matrix, int64_t row, int64_t first, int64_t count,
              float* out) const override {
    kernel::DecodeMxfp4(matrix.bytes.data() + row * RowBytes(matrix.cols) + RowBytes(first), count,
                        out);
  }

  void Matvec(const PackedMatrix& matrix, const kernel::Activations& x, float* y) const override {
    kernel::MatvecMxfp4(matrix.rows, matrix.bytes.data(),
                        round_activations_ ? x.Mxfp4() : x.Int16Bytes(), x.tokens(), y);
  }

  void Matmul(const PackedMatrix& matrix, const kernel::Activations& x, float* y) const override {
    WeightFormat::Matmul(matrix, round_activations_ ? x.Mxfp4Floats() : x, y);
  }

 private:
  static int64_t RowBytes(int64_t cols) {
    return (cols + kernel::kGroup - 1) / kernel::kGroup *
           static_cast<int64_t>(sizeof(kernel::GgmlMxfp4Block));
  }

  bool round_activations_;
};

}  // namespace

const WeightFormat& Mxfp4Format(bool round_activations) {
  static const Mxfp4 plain(false), rounded(true);
  return round_activations ? rounded : plain;
}

}  // namespace tersor::runtime
