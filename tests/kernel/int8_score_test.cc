#include "tersor/kernel/int8_score.h"

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

struct QuantizedRows {
  QuantizedRows(const std::vector<float>& values, int64_t stride, int64_t rows, int64_t dim)
      : codes(static_cast<size_t>(rows * Int8Depth(dim)), 99), sums(static_cast<size_t>(rows)) {
    scale = QuantizeQueries(FloatType::kF32, Bytes(values), stride, rows, dim, codes.data(),
                            sums.data());
  }
  std::vector<int8_t> codes;
  std::vector<int32_t> sums;
  float scale;
};

TEST(QuantizeQueries, KnownCodes) {
  ForEachTarget([] {
    const QuantizedRows rows({.1f, -.5f, 1.27f, -1.27f, .005f, .0149f}, 6, 1, 6);
    EXPECT_NEAR(rows.scale, .0100001, 1e-8);
    EXPECT_EQ(rows.codes, (std::vector<int8_t>{10, -50, 127, -127, 0, 1, 0, 0}));
    EXPECT_EQ(rows.sums[0], -39);
    EXPECT_EQ(QuantizedRows({0, 0}, 2, 1, 2).codes, (std::vector<int8_t>{0, 0, 0, 0}));
  });
}

TEST(QuantizeKeys, LieInPanelsWithoutTheirMean) {
  ForEachTarget([] {
    for (const Int8ScoreKernel& kernel : Int8ScoreKernels()) {
      constexpr int64_t kDim = 7, kStride = 9, kCount = 37;
      const std::vector<float> keys = Noise(kCount * kStride, 3);
      std::vector<uint16_t> halves;
      for (const float key : keys) {
        halves.push_back(FloatToBF16(key));
      }
      const std::vector<float> shift = Noise(kDim, 4);
      for (const bool bf16 : {false, true}) {
        std::vector<uint8_t> codes(kKeyBlock * Int8Depth(kDim));
        const float scale = QuantizeKeys(kernel, bf16 ? FloatType::kBF16 : FloatType::kF32,
                                         bf16 ? Bytes(halves) : Bytes(keys), kStride, kCount, kDim,
                                         shift.data(), codes.data());
        int largest = 0;
        for (int64_t c = 0; c < kKeyBlock; ++c) {
          for (int64_t i = 0; i < Int8Depth(kDim); ++i) {
            const int64_t at = c / 16 * 16 * Int8Depth(kDim) + i / 4 * 64 + c % 16 * 4 + i % 4;
            const int code = codes[static_cast<size_t>(at)] - kernel.offset;
            const auto from = static_cast<size_t>(c * kStride + i);
            const float key = c < kCount && i < kDim
                                  ? (bf16 ? BF16ToFloat(halves[from]) : keys[from]) -
                                        shift[static_cast<size_t>(i)]
                                  : 0;
            EXPECT_NEAR(static_cast<float>(code) * scale, key, .5001f * scale);
            largest = std::max(largest, std::abs(code));
          }
        }
        EXPECT_EQ(largest, kernel.limit);
      }
    }
  });
}

TEST(QuantizeQueriesAndKeys, SayWhatIsNotFinite) {
  ForEachTarget([] {
    for (const float bad :
         {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
      for (const size_t at : {0, 7, 13}) {  // of two rows, in each; in both, the last one
        std::vector<float> values = Noise(14, 5);
        values[at] = bad;
        EXPECT_TRUE(std::isnan(QuantizedRows(values, 7, 2, 7).scale));
        std::vector<uint8_t> codes(kKeyBlock * Int8Depth(7));
        EXPECT_TRUE(std::isnan(QuantizeKeys(Int8ScoreKernels().front(), FloatType::kF32,
                                            Bytes(values), 7, 2, 7, nullptr, codes.data())));
      }
    }
  });
}

TEST(Int8Scores, AreExactOnEveryInstructionSet) {
  ForEachTarget([] {
    for (const Int8ScoreKernel& kernel : Int8ScoreKernels()) {
      SCOPED_TRACE(kernel.name);
      for (const int64_t dim : {1, 4, 30, 64, 128, 256}) {
        for (const int64_t rows : {1, 2, 5, 13, 32}) {
          const int64_t depth = Int8Depth(dim);
          const QuantizedRows q(Noise(static_cast<size_t>(rows * dim), 1), dim, rows, dim);
          std::vector<float> keys = Noise(static_cast<size_t>(kKeyBlock * dim), 2);
          for (int64_t i = 0; i < dim; ++i) {  // as large as sums get
            keys[static_cast<size_t>(i)] = 9;
            keys[static_cast<size_t>(dim + i)] = -9;
          }
          const std::vector<float> shift(static_cast<size_t>(dim));
          std::vector<uint8_t> codes(static_cast<size_t>(kKeyBlock * depth));
          QuantizeKeys(kernel, FloatType::kF32, Bytes(keys), dim, kKeyBlock, dim, shift.data(),
                       codes.data());
          for (const auto& [begin, end] : {std::pair<int64_t, int64_t>{0, 64}, {16, 64}, {0, 48}}) {
            std::vector<float> scores(static_cast<size_t>(rows * kKeyBlock), -1);
            kernel.run({q.codes.data(), q.sums.data(), codes.data(), rows, depth, begin, end, .5f,
                        scores.data()});
            for (int64_t r = 0; r < rows; ++r) {
              for (int64_t c = 0; c < kKeyBlock; ++c) {
                int64_t sum = 0;
                for (int64_t i = 0; i < depth; ++i) {
                  const int64_t at = c / 16 * 16 * depth + i / 4 * 64 + c % 16 * 4 + i % 4;
                  sum += q.codes[static_cast<size_t>(r * depth + i)] *
                         (codes[static_cast<size_t>(at)] - kernel.offset);
                }
                const bool inside = begin <= c && c < end;
                ASSERT_EQ(scores[static_cast<size_t>(r * kKeyBlock + c)],
                          inside ? .5f * static_cast<float>(sum) : -1)
                    << dim << " " << rows << " " << r << " " << c;
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
