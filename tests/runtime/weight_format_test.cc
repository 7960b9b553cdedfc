#include "tersor/runtime/weight_format.h"

#include <gtest/gtest.h>

#include <vector>

#include "tersor/util/rng.h"

namespace tersor::runtime {
namespace {

std::vector<float> Noise(size_t n, uint64_t stream) {
  const Rng rng(1, stream);
  std::vector<float> values(n);
  for (size_t i = 0; i < n; ++i) {
    values[i] = static_cast<float>(rng.Normal(i));
  }
  return values;
}

TEST(F32Format, PacksExactlyAndMultiplies) {
  const auto format = MakeF32Format();
  EXPECT_EQ(format->name(), "f32");
  for (const auto& [rows, cols, tokens] :
       std::vector<std::tuple<int64_t, int64_t, int64_t>>{{1, 1, 1}, {3, 7, 2}, {130, 33, 5}}) {
    const std::vector<float> weights = Noise(static_cast<size_t>(rows * cols), 1);
    const std::vector<float> x = Noise(static_cast<size_t>(tokens * cols), 2);
    // One byte off the start: a mapped file need not be aligned.
    std::vector<std::byte> buffer(format->PackedBytes(rows, cols) + 1);
    const std::span<std::byte> packed = std::span(buffer).subspan(1);
    format->Pack(weights, rows, cols, packed);
    const PackedMatrix matrix{rows, cols, packed};
    std::vector<float> unpacked(weights.size());
    format->Unpack(matrix, unpacked);
    EXPECT_EQ(unpacked, weights);
    std::vector<float> y(static_cast<size_t>(tokens * rows)), one(static_cast<size_t>(rows));
    format->Matmul(matrix, x, tokens, y);
    for (int64_t t = 0; t < tokens; ++t) {
      format->Matvec(matrix,
                     std::span(x).subspan(static_cast<size_t>(t * cols), static_cast<size_t>(cols)),
                     one);
      for (int64_t r = 0; r < rows; ++r) {
        double sum = 0;
        for (int64_t c = 0; c < cols; ++c) {
          sum += static_cast<double>(weights[static_cast<size_t>(r * cols + c)]) *
                 x[static_cast<size_t>(t * cols + c)];
        }
        EXPECT_NEAR(y[static_cast<size_t>(t * rows + r)], sum, 1e-5);
        EXPECT_EQ(one[static_cast<size_t>(r)], y[static_cast<size_t>(t * rows + r)]);
      }
    }
  }
}

}  // namespace
}  // namespace tersor::runtime
