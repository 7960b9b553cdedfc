#include <algorithm>
#include <cassert>
#include <cstring>

#include "tersor/runtime/weight_format.h"
#include "tersor/util/parallel_for.h"

namespace tersor::runtime {
namespace {

class F32Format : public WeightFormat {
 public:
  std::string_view name() const override { return "f32"; }

  size_t PackedBytes(int64_t rows, int64_t cols) const override {
    return static_cast<size_t>(rows) * static_cast<size_t>(cols) * sizeof(float);
  }

  void Pack(std::span<const float> weights, int64_t rows, int64_t cols,
            std::span<std::byte> out) const override {
    assert(out.size() == PackedBytes(rows, cols) && weights.size_bytes() == out.size());
    std::memcpy(out.data(), weights.data(), out.size());
  }

  void Unpack(const PackedMatrix& matrix, std::span<float> out) const override {
    assert(out.size_bytes() == matrix.bytes.size());
    std::memcpy(out.data(), matrix.bytes.data(), matrix.bytes.size());
  }

  void Matvec(const PackedMatrix& matrix, std::span<const float> x,
              std::span<float> y) const override {
    Matmul(matrix, x, 1, y);
  }

  void Matmul(const PackedMatrix& matrix, std::span<const float> x, int64_t tokens,
              std::span<float> y) const override {
    const int64_t rows = matrix.rows, cols = matrix.cols;
    assert(std::ssize(x) == tokens * cols && std::ssize(y) == tokens * rows);
    ParallelFor(0, rows, std::max<int64_t>(1, (1 << 16) / std::max<int64_t>(1, cols)),
                [&](int64_t first, int64_t last) {
                  for (int64_t r = first; r < last; ++r) {
                    for (int64_t t = 0; t < tokens; ++t) {
                      y[static_cast<size_t>(t * rows + r)] =
                          Dot(matrix.bytes.data() + r * cols * 4, x.data() + t * cols, cols);
                    }
                  }
                });
  }

 private:
  /// In double, so that faster formats are compared with something better than themselves; the
  /// bytes of a mapped file need not be aligned.
  static float Dot(const std::byte* weights, const float* x, int64_t count) {
    double sum = 0;
    for (int64_t i = 0; i < count; ++i) {
      float weight = 0;
      std::memcpy(&weight, weights + i * 4, sizeof(weight));
      sum += static_cast<double>(weight) * x[i];
    }
    return static_cast<float>(sum);
  }
};

}  // namespace

std::unique_ptr<WeightFormat> MakeF32Format() { return std::make_unique<F32Format>(); }

}  // namespace tersor::runtime
