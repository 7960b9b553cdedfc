#include "tersor/kernel/block_code.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "kernel/each_target.h"
#include "kernel/int8_blocks.h"
#include "tersor/util/parallel_for.h"

namespace tersor::kernel {
namespace {

TEST(BlockCode, KnownAnswer) {
  ForEachTarget([] {
    const std::vector<float> x = {15.875f, 0.3125f, -0.05f, 0.01f};
    Blocks blocks(x, {1, 4, 32});
    EXPECT_TRUE(blocks.finite);
    EXPECT_EQ(blocks.scales[0], 0.125f);
    const int8_t codes[] = {127, 2, 0, 0};  // 2.5 goes to the even 2
    EXPECT_TRUE(std::equal(codes, codes + 4, blocks.codes.begin()));
    blocks.FallBack(x, [](size_t) { return true; });
    EXPECT_NEAR(blocks.residual_scales[0], 4.92126e-4, 1e-9);
    const int8_t residuals[] = {0, 127, -102, 20};
    EXPECT_TRUE(std::equal(residuals, residuals + 4, blocks.residuals.begin()));
    const std::vector<float> values = blocks.Values();
    const float wanted[] = {15.875f, .3125f, -.05019685f, .00984252f};
    for (size_t i = 0; i < 4; ++i) {
      EXPECT_NEAR(values[i], wanted[i], 1e-7);
    }
  });
}

TEST(BlockCode, ZerosAndSingleValues) {
  ForEachTarget([] {
    const Blocks zeros(std::vector<float>(40 * 40), {40, 40, 32});
    EXPECT_EQ(zeros.scales, std::vector<float>(4));
    EXPECT_EQ(zeros.codes, std::vector<int8_t>(4 * 32 * 32));
    std::vector<float> x(32 * 32);
    x[77] = -3.7f;
    const Blocks one(x, {32, 32, 32});
    EXPECT_EQ(one.codes[77], -127);
    EXPECT_NEAR(one.Values()[77], -3.7f, 1e-6);
  });
}

TEST(BlockCode, NegatesTransposesAndRepeats) {
  ForEachTarget([] {
    const std::vector<float> x = Noise(70 * 100, 1);
    std::vector<float> negated = x, turned(x.size());
    for (size_t i = 0; i < x.size(); ++i) {
      negated[i] = -x[i];
      turned[i % 100 * 70 + i / 100] = x[i];
    }
    Blocks blocks(x, {70, 100, 64}), opposite(negated, {70, 100, 64}),
        transposed(turned, {100, 70, 64});
    for (int64_t r = 0; r < 70; ++r) {
      for (int64_t c = 0; c < 100; ++c) {
        ASSERT_EQ(blocks.At(r, c), -opposite.At(r, c));
        ASSERT_EQ(blocks.At(r, c), transposed.At(c, r));
      }
    }
    const Blocks again(blocks.Values(), blocks.grid);
    EXPECT_EQ(again.codes, blocks.codes);
    for (size_t b = 0; b < again.scales.size(); ++b) {
      EXPECT_NEAR(again.scales[b], blocks.scales[b], 2e-7 * blocks.scales[b]);
    }
  });
}

TEST(BlockCode, PadsWithZeros) {
  ForEachTarget([] {
    Blocks blocks(Noise(33 * 45, 2), {33, 45, 32});
    for (int64_t r = 0; r < 64; ++r) {
      for (int64_t c = 0; c < 64; ++c) {
        if (r >= 33 || c >= 45) {
          ASSERT_EQ(blocks.At(r, c), 0);
        }
      }
    }
  });
}

TEST(BlockCode, ErrorsStayWithinTheirBounds) {
  ForEachTarget([] {
    for (const int64_t block : {32, 64, 128}) {
      for (const double size : {1e-28, 1e-10, 1.0, 1e10, 1e30}) {
        const std::vector<float> x = Noise(150 * 140, 3, size);
        Blocks blocks(x, {150, 140, block});
        std::vector<float> values = blocks.Values();
        const auto scale_at = [&](size_t i) {
          const auto r = static_cast<int64_t>(i) / 140, c = static_cast<int64_t>(i) % 140;
          return static_cast<double>(
              blocks.scales[static_cast<size_t>(r / block * blocks.grid.col_blocks() + c / block)]);
        };
        for (size_t i = 0; i < x.size(); ++i) {
          ASSERT_LE(std::fabs(x[i] - values[i]), scale_at(i) / 2 * (1 + 1e-5)) << block;
        }
        for (const ResidualScale choice : {ResidualScale::kOwn, ResidualScale::kJoined}) {
          blocks.FallBack(
              x, [](size_t) { return true; }, choice);
          values = blocks.Values();
          for (size_t i = 0; i < x.size(); ++i) {
            ASSERT_LE(std::fabs(x[i] - values[i]), scale_at(i) * 127 / 64516 * 1.01) << size;
          }
        }
      }
    }
  });
}

// A rest that one outlier leaves far below half a step keeps a scale of its own.
TEST(BlockCode, ResidualsJoinWhereThatLosesAtMostABit) {
  ForEachTarget([] {
    std::vector<float> x = Noise(64 * 64, 15);
    const auto joins = [&](float outlier, int limit) {
      x[5] = outlier;
      Blocks blocks(x, {64, 64, 64}, limit);
      blocks.FallBack(
          x, [](size_t) { return true; }, ResidualScale::kJoined);
      const float step = blocks.scales[0] / static_cast<float>(2 * limit);
      EXPECT_EQ(blocks.View().Joined(0), blocks.residual_scales[0] == step);
      EXPECT_LE(blocks.residual_scales[0], step * 1.001f);
      return blocks.View().Joined(0);
    };
    EXPECT_TRUE(joins(1, 127));
    EXPECT_TRUE(joins(100, 63));
    EXPECT_FALSE(joins(1e4f, 127));
  });
}

TEST(BlockCode, CriteriaScale) {
  ForEachTarget([] {
    const std::vector<float> x = Noise(64 * 64, 4), tenfold = [&] {
      std::vector<float> y = x;
      for (float& v : y) {
        v *= 10;
      }
      return y;
    }();
    const auto criterion = [](const std::vector<float>& values, BlockCriterion kind) {
      return Blocks(values, {64, 64, 64}, 127, {}, kind).criteria[0];
    };
    for (const BlockCriterion kind : {BlockCriterion::kAbsMax, BlockCriterion::kL1}) {
      EXPECT_NEAR(criterion(tenfold, kind) / criterion(x, kind), 10, 1e-3);
    }
    EXPECT_NEAR(criterion(tenfold, BlockCriterion::kRelativeL1),
                criterion(x, BlockCriterion::kRelativeL1), 1e-6);
    // A clean normal block loses about 1 %, one with an outlier of 200 half of its values.
    std::vector<float> clean = Noise(128 * 128, 5);
    const auto relative = [&] {
      return Blocks(clean, {128, 128, 128}, 127, {}, BlockCriterion::kRelativeL1).criteria[0];
    };
    EXPECT_NEAR(relative(), 0.011, 0.002);
    clean[5000] = 200;
    EXPECT_NEAR(relative(), 0.48, 0.03);
  });
}

TEST(BlockCode, FindsWhatIsNotFinite) {
  ForEachTarget([] {
    for (const float bad :
         {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
          -std::numeric_limits<float>::infinity()}) {
      for (const size_t at : {size_t{0}, size_t{64 * 70 + 3}, size_t{70 * 70 - 1}}) {
        std::vector<float> x = Noise(70 * 70, 6);
        x[at] = bad;
        EXPECT_FALSE(Blocks(x, {70, 70, 32}).finite);
        Blocks whole({70, 70, 32});
        EXPECT_FALSE(
            QuantizeTensor(x.data(), whole.grid, 127, {}, whole.codes.data(), whole.scales.data()));
      }
    }
  });
}

TEST(BlockCode, OneScaleForAMatrix) {
  ForEachTarget([] {
    std::vector<float> x = Noise(70 * 70, 7);
    x[4899] = 12.7f;
    Blocks blocks({70, 70, 32});
    EXPECT_TRUE(
        QuantizeTensor(x.data(), blocks.grid, 127, {}, blocks.codes.data(), blocks.scales.data()));
    for (const float scale : blocks.scales) {
      EXPECT_NEAR(scale, 0.1f, 1e-7);
    }
    EXPECT_EQ(blocks.At(69, 69), 127);
  });
}

TEST(StochasticRounding, IsUnbiasedAndInRange) {
  ForEachTarget([] {
    double sum = 0;
    constexpr int64_t kSide = 1024;
    std::vector<float> x(kSide * kSide, 2.3f);
    for (int64_t r = 0; r < kSide; r += 128) {
      for (int64_t c = 0; c < kSide; c += 128) {
        x[static_cast<size_t>(r * kSide + c)] = 127;  // a scale of 1 for every block
        x[static_cast<size_t>(r * kSide + c + 1)] = -5;
      }
    }
    const BlockGrid grid{kSide, kSide, 128};
    Blocks blocks(x, grid, 127, {true, 99});
    for (int64_t r = 0; r < kSide; ++r) {
      for (int64_t c = 0; c < kSide; ++c) {
        const int code = blocks.At(r, c);
        if (r % 128 == 0 && c % 128 < 2) {
          ASSERT_EQ(code, c % 128 == 0 ? 127 : -5);  // whole numbers stay, 127 is never passed
          continue;
        }
        ASSERT_TRUE(code == 2 || code == 3);
        sum += code;
      }
    }
    EXPECT_NEAR(sum / (kSide * kSide - 128), 2.3, 5 * 4.6e-4);
    const Blocks other(x, grid, 127, {true, 100});
    EXPECT_NE(other.codes, blocks.codes);
    SetNumThreads(1);
    const Blocks serial(x, grid, 127, {true, 99});
    SetNumThreads(0);
    EXPECT_EQ(serial.codes, blocks.codes);
  });
}

}  // namespace
}  // namespace tersor::kernel
