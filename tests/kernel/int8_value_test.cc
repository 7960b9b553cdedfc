#include "tersor/kernel/int8_value.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "each_target.h"
#include "tersor/kernel/attend.h"
#include "tersor/util/half.h"

namespace tersor::kernel {
namespace {

const std::byte* Bytes(const auto& values) {
  return reinterpret_cast<const std::byte*>(values.data());
}

/// Where the code of a channel at a position lies.
size_t CodeAt(int64_t position, int64_t channel) {
  return static_cast<size_t>(channel / 16 * 16 * kKeyBlock + position / 4 * 64 + channel % 16 * 4 +
                             position % 4);
}

struct CodedBlock {
  CodedBlock(FloatType type, const std::byte* from, int64_t stride, int64_t count, int64_t dim)
      : codes(static_cast<size_t>(kKeyBlock * PaddedDim(dim)), 99),
        scales(static_cast<size_t>(PaddedDim(dim)), 99) {
    QuantizeValues(type, from, stride, count, dim, codes.data(), scales.data());
  }
  std::vector<int8_t> codes;
  std::vector<float> scales;
};

TEST(QuantizeValues, KnownCodes) {
  ForEachTarget([] {
    // Two channels at three positions; a value half way between two codes takes the even one.
    const std::vector<float> values = {1.27f, 0, -.635f, 0, .005f, 0};
    const CodedBlock block(FloatType::kF32, Bytes(values), 2, 3, 2);
    EXPECT_EQ(block.codes[CodeAt(0, 0)], 127);
    EXPECT_EQ(block.codes[CodeAt(1, 0)], -64);
    EXPECT_EQ(block.codes[CodeAt(2, 0)], 0);
    EXPECT_FLOAT_EQ(block.scales[0], .01f);
    EXPECT_EQ(block.scales[1], 0);
    const std::vector<float> faint = {1e-38f, -1e-38f};
    EXPECT_EQ(CodedBlock(FloatType::kF32, Bytes(faint), 1, 2, 1).scales[0], 0);
  });
}

TEST(QuantizeValues, TheSameBitsOnEveryTarget) {
  ForEachTarget([] {
    for (const int64_t dim : {1, 8, 40, 64, 72, 128, 256}) {
      for (const int64_t count : {1, 37, 64}) {
        const int64_t stride = dim + 3;
        const std::vector<float> values = Noise(static_cast<size_t>(count * stride), 3);
        std::vector<uint16_t> halves;
        for (const float value : values) {
          halves.push_back(FloatToBF16(value));
        }
        for (const bool bf16 : {false, true}) {
          const auto value = [&](int64_t position, int64_t channel) {
            const auto at = static_cast<size_t>(position * stride + channel);
            return position >= count || channel >= dim ? 0
                   : bf16                              ? BF16ToFloat(halves[at])
                                                       : values[at];
          };
          const CodedBlock block(bf16 ? FloatType::kBF16 : FloatType::kF32,
                                 bf16 ? Bytes(halves) : Bytes(values), stride, count, dim);
          for (int64_t i = 0; i < PaddedDim(dim); ++i) {
            float largest = 0;
            for (int64_t c = 0; c < count; ++c) {
              largest = std::max(largest, std::abs(value(c, i)));
            }
            ASSERT_EQ(block.scales[static_cast<size_t>(i)], largest * (1.0f / 127));
            for (int64_t c = 0; c < kKeyBlock; ++c) {
              const float code = largest > 0 ? std::nearbyint(value(c, i) * (127 / largest)) : 0;
              ASSERT_EQ(block.codes[CodeAt(c, i)], code) << dim << " " << count << " " << c;
            }
          }
        }
      }
    }
  });
}

TEST(QuantizeValues, WhatIsNotFiniteMarksItsChannel) {
  ForEachTarget([] {
    for (const float bad :
         {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
          -std::numeric_limits<float>::infinity()}) {
      std::vector<float> values = Noise(40 * 20, 3);
      values[20 * 20 + 7] = bad;
      const CodedBlock block(FloatType::kF32, Bytes(values), 20, 40, 20);
      for (size_t i = 0; i < 32; ++i) {
        EXPECT_EQ(std::isnan(block.scales[i]), i == 7) << i;
      }
    }
  });
}

TEST(Int8Values, AreExactOnEveryInstructionSet) {
  ForEachTarget([] {
    for (const Int8ValueKernel& kernel : Int8ValueKernels()) {
      SCOPED_TRACE(kernel.name);
      for (const int64_t dim : {8, 40, 64, 72, 128, 256}) {
        const int64_t padded = PaddedDim(dim);
        const Rng rng(3, 4);
        std::vector<int8_t> values(static_cast<size_t>(kKeyBlock * padded));
        for (size_t i = 0; i < values.size(); ++i) {
          // The first panel as large as sums get.
          values[i] = static_cast<int8_t>(i < 1024 ? (i % 8 < 4 ? 127 : -127)
                                                   : std::lround(254 * rng.Uniform(i)) - 127);
        }
        // Powers of two, so that float32 is exact too.
        std::vector<float> value_scales(static_cast<size_t>(padded), .5f);
        value_scales[1] = .25f;
        for (const int64_t rows : {1, 2, 5, 7, 13, 32}) {
          std::vector<uint8_t> weights(static_cast<size_t>(rows * kKeyBlock));
          for (size_t i = 0; i < weights.size(); ++i) {
            weights[i] = static_cast<uint8_t>(i < 64 ? 255 : std::lround(255 * rng.Uniform(i)));
          }
          std::vector<float> weight_scales(static_cast<size_t>(rows), 2);
          weight_scales[0] = .125f;
          for (const auto& [begin, end] :
               {std::pair<int64_t, int64_t>{0, 64}, {16, 64}, {0, 20}, {36, 40}}) {
            std::vector<float> out(static_cast<size_t>(rows * padded), 3);
            kernel.run({weights.data(), weight_scales.data(), values.data(), value_scales.data(),
                        rows, padded, begin, end, out.data()});
            for (int64_t r = 0; r < rows; ++r) {
              for (int64_t i = 0; i < padded; ++i) {
                int64_t sum = 0;
                for (int64_t c = begin; c < end; ++c) {
                  sum += weights[static_cast<size_t>(r * kKeyBlock + c)] * values[CodeAt(c, i)];
                }
                ASSERT_EQ(out[static_cast<size_t>(r * padded + i)],
                          3 + static_cast<float>(sum) * weight_scales[static_cast<size_t>(r)] *
                                  value_scales[static_cast<size_t>(i)])
                    << dim << " " << rows << " " << r << " " << i;
              }
            }
          }
        }
      }
    }
  });
}

}  // namespace
}  // namespace tersor::kernel
