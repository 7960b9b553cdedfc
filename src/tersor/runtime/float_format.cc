#include <cassert>
#include <cstring>

#include "tersor/kernel/decode.h"
#include "tersor/runtime/weight_format.h"
#include "tersor/util/half.h"
#include "tersor/util/parallel_for.h"

namespace tersor::runtime {
namespace {

using kernel::FloatType;

class Floats : public WeightFormat {
 public:
  explicit Floats(FloatType type) : type_(type) {}

  std::string_view name() const override {
    return type_ == FloatType::kF32 ? "f32" : type_ == FloatType::kBF16 ? "bf16" : "f16";
  }

  std::vector<std::byte> Pack(std::span<const float> weights, int64_t rows,
                              int64_t cols) const override {
    assert(std::ssize(weights) == rows * cols);
    std::vector<std::byte> out(static_cast<size_t>(rows * cols * kernel::BytesOf(type_)));
    if (type_ == FloatType::kF32) {
      std::memcpy(out.data(), weights.data(), out.size());
      return out;
    }
    ParallelFor(0, rows * cols, 1 << 15, [&](int64_t first, int64_t last) {
      for (int64_t i = first; i < last; ++i) {
        const float weight = weights[static_cast<size_t>(i)];
        const uint16_t bits = type_ == FloatType::kBF16 ? FloatToBF16(weight) : FloatToF16(weight);
        std::memcpy(out.data() + 2 * i, &bits, sizeof(bits));
      }
    });
    return out;
  }

  void Decode(const PackedMatrix& matrix, int64_t row, int64_t first, int64_t count,
              float* out) const override {
    kernel::DecodeFloats(type_,
                         matrix.bytes.data() + (row * matrix.cols + first) * kernel::BytesOf(type_),
                         count, out);
  }

  void Matvec(const PackedMatrix& matrix, const kernel::Activations& x, float* y) const override {
    kernel::MatvecFloat(type_, matrix.rows, matrix.bytes.data(), x, y);
  }

 private:
  FloatType type_;
};

}  // namespace

const WeightFormat& FloatFormat(FloatType type) {
  static const Floats f32(FloatType::kF32), bf16(FloatType::kBF16), f16(FloatType::kF16);
  return type == FloatType::kF32 ? f32 : type == FloatType::kBF16 ? bf16 : f16;
}

}  // namespace tersor::runtime
