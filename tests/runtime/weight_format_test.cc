#include "tersor/runtime/weight_format.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "random_model.h"
#include "tersor/kernel/ggml_mxfp4.h"
#include "tersor/kernel/matmul_reference.h"

namespace tersor::runtime {
namespace {

using testing::Noise;

TEST(WeightFormat, PacksDecodesAndMultiplies) {
  kernel::Workspace workspace;
  for (const std::string_view name :
       {"f32", "bf16", "f16", "int8", "mxfp4", "sparse-f32", "sparse-bf16", "sparse-int8"}) {
    const WeightFormat* format = FindFormat(name);
    ASSERT_NE(format, nullptr) << name;
    EXPECT_EQ(format->name(), name);
    for (const auto& [rows, cols, tokens] : std::vector<std::tuple<int64_t, int64_t, int64_t>>{
             {1, 1, 1}, {3, 7, 2}, {130, 300, 5}, {33, 100, 12}, {70, 600, 20}}) {
      const kernel::Workspace::Scope scope(workspace);
      const std::vector<float> weights = Noise(rows * cols, 1), x = Noise(tokens * cols, 2);
      // One byte off the start: a mapped file need not be aligned.
      std::vector<std::byte> buffer = format->Pack(weights, rows, cols);
      buffer.insert(buffer.begin(), std::byte{0});
      const std::span<const std::byte> packed = std::span(buffer).subspan(1);
      const PackedMatrix matrix{rows, cols, packed};
      std::vector<float> decoded(weights.size());
      for (int64_t r = 0; r < rows; ++r) {
        format->Decode(matrix, r, 0, cols, decoded.data() + r * cols);
      }
      // Of MXFP4 the widest step, 2 of at most 6, halved: a sixth to a third of the largest.
      const double step = name.ends_with("f32")    ? 0
                          : name.ends_with("int8") ? 0.02
                          : name == "mxfp4"        ? 0.3
                                                   : 0.004;
      for (size_t i = 0; i < weights.size(); ++i) {
        ASSERT_NEAR(decoded[i], weights[i], step * (1 + std::abs(weights[i])));
      }
      std::vector<float> y(static_cast<size_t>(tokens * rows));
      Multiply(*format, matrix, kernel::Activations(x.data(), tokens, cols, workspace), y.data());
      const std::vector<double> expected = kernel::MatmulReference(decoded, x, rows, cols);
      for (size_t i = 0; i < y.size(); ++i) {
        ASSERT_NEAR(y[i], expected[i], 1e-4 * std::sqrt(static_cast<double>(cols))) << name;
      }
    }
  }
  EXPECT_EQ(FindFormat("int7"), nullptr);
}

// Few tokens and many: the same product of values that are rounded in the same groups.
TEST(WeightFormat, W4A4IsThePlainProductOfRoundedValues) {
  const WeightFormat& format = *FindFormat("mxfp4-w4a4");
  EXPECT_EQ(format.name(), "mxfp4-w4a4");
  for (const int64_t tokens : {1, 8, 9, 70}) {
    const int64_t rows = 130, cols = 300;
    kernel::Workspace workspace;
    const std::vector<float> weights = Noise(rows * cols, 1), x = Noise(tokens * cols, 2);
    const std::vector<std::byte> packed = format.Pack(weights, rows, cols);
    const PackedMatrix matrix{rows, cols, packed};
    const auto rounded = [&](const std::vector<float>& values) {
      std::vector<float> out(values.size());
      for (size_t row = 0; row < values.size(); row += static_cast<size_t>(cols)) {
        for (size_t i = 0; i < static_cast<size_t>(cols); i += 32) {
          float group[32] = {};
          const size_t count = std::min<size_t>(32, static_cast<size_t>(cols) - i);
          std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(row + i), count, group);
          kernel::DecodeGgmlMxfp4(kernel::EncodeGgmlMxfp4(group), group);
          std::copy_n(group, count, out.begin() + static_cast<std::ptrdiff_t>(row + i));
        }
      }
      return out;
    };
    const std::vector<double> expected =
        kernel::MatmulReference(rounded(weights), rounded(x), rows, cols);
    std::vector<float> y(static_cast<size_t>(tokens * rows));
    const kernel::Activations in(x.data(), tokens, cols, workspace);
    Multiply(format, matrix, in, y.data());
    for (size_t i = 0; i < y.size(); ++i) {
      ASSERT_NEAR(y[i], expected[i], 2e-5) << tokens;
    }
    Multiply(format, matrix, in, y.data());  // the form is derived once
    ASSERT_NEAR(y.back(), expected.back(), 2e-5);
  }
}

}  // namespace
}  // namespace tersor::runtime
