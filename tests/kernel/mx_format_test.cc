#include "tersor/kernel/mx_format.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "tersor/kernel/mx_round_reference.h"

namespace tersor::kernel {
namespace {

constexpr MxElement kElements[] = {MxElement::kE2M1, MxElement::kE3M0, MxElement::kE4M3,
                                   MxElement::kE5M2};

float Round(float x, MxTies ties, MxElement element = MxElement::kE2M1) {
  return DecodeMx(element, EncodeMx(element, x, ties));
}

TEST(MxFormat, KnownCodes) {
  const float e2m1[] = {0, .5f, 1, 1.5f, 2, 3, 4, 6};
  const float e3m0[] = {0, .25f, .5f, 1, 2, 4, 8, 16};
  for (int code = 0; code < 8; ++code) {
    EXPECT_EQ(DecodeMx(MxElement::kE2M1, static_cast<uint8_t>(code)), e2m1[code]);
    EXPECT_EQ(DecodeMx(MxElement::kE2M1, static_cast<uint8_t>(code + 8)), -e2m1[code]);
    EXPECT_EQ(DecodeMx(MxElement::kE3M0, static_cast<uint8_t>(code)), e3m0[code]);
  }
  EXPECT_EQ(DecodeMx(MxElement::kE4M3, 0x7E), 448);
  EXPECT_EQ(DecodeMx(MxElement::kE4M3, 0x01), 0x1p-9f);
  EXPECT_EQ(DecodeMx(MxElement::kE4M3, 0x08), 0x1p-6f);
  EXPECT_TRUE(std::isnan(DecodeMx(MxElement::kE4M3, 0xFF)));
  EXPECT_EQ(DecodeMx(MxElement::kE5M2, 0x7B), 57344);
  EXPECT_EQ(DecodeMx(MxElement::kE5M2, 0x01), 0x1p-16f);
  EXPECT_EQ(DecodeMx(MxElement::kE5M2, 0xFC), -std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::isnan(DecodeMx(MxElement::kE5M2, 0x7D)));
}

TEST(MxFormat, EveryCodeComesBack) {
  for (const MxElement element : kElements) {
    const MxElementFormat format = FormatOf(element);
    for (int magnitude = 0; magnitude <= format.largest_code; ++magnitude) {
      for (const int sign : {0, 1 << format.sign_bit()}) {
        const auto code = static_cast<uint8_t>(magnitude | sign);
        const float value = DecodeMx(element, code);
        for (const MxTies ties :
             {MxTies::kEven, MxTies::kAway, MxTies::kLarger, MxTies::kTowardZero}) {
          EXPECT_EQ(EncodeMx(element, value, ties), code);
        }
        for (const uint32_t random : {0u, 0xFFFFFFu}) {
          EXPECT_EQ(EncodeMxStochastic(element, value, random), code);
        }
      }
    }
    EXPECT_EQ(DecodeMx(element, format.largest_code), format.largest);
    EXPECT_EQ(Round(std::numeric_limits<float>::max(), MxTies::kEven, element), format.largest);
  }
  EXPECT_EQ(EncodeMx(MxElement::kE2M1, 0.25000006f, MxTies::kEven), 1);
}

TEST(MxFormat, Ties) {
  const float points[] = {.25f, .75f, 1.25f, 1.75f, 2.5f, 3.5f, 5};
  const float away[] = {.5f, 1, 1.5f, 2, 3, 4, 6};
  const float even[] = {0, 1, 1, 2, 2, 4, 4};
  const float toward_zero[] = {0, .5f, 1, 1.5f, 2, 3, 4};
  for (int i = 0; i < 7; ++i) {
    for (const float sign : {1.0f, -1.0f}) {
      const float x = sign * points[i];
      EXPECT_EQ(Round(x, MxTies::kAway), sign * away[i]);
      EXPECT_EQ(Round(x, MxTies::kEven), sign * even[i]);
      EXPECT_EQ(Round(x, MxTies::kTowardZero), sign * toward_zero[i]);
      EXPECT_EQ(Round(x, MxTies::kLarger), sign > 0 ? away[i] : -toward_zero[i]);
      // Just beside the middle all rules agree.
      for (const MxTies ties :
           {MxTies::kEven, MxTies::kAway, MxTies::kLarger, MxTies::kTowardZero}) {
        EXPECT_EQ(Round(sign * std::nextafter(points[i], 9.0f), ties), sign * away[i]);
        EXPECT_EQ(Round(sign * std::nextafter(points[i], 0.0f), ties), sign * toward_zero[i]);
      }
    }
  }
}

TEST(MxFormat, NearestIsNearest) {
  for (const MxElement element : kElements) {
    const MxElementFormat format = FormatOf(element);
    std::vector<float> grid;
    for (int code = 0; code <= format.largest_code; ++code) {
      grid.push_back(DecodeMx(element, static_cast<uint8_t>(code)));
    }
    for (size_t i = 0; i + 1 < grid.size(); ++i) {
      ASSERT_LT(grid[i], grid[i + 1]);
      const float gap = grid[i + 1] - grid[i];
      EXPECT_EQ(Round(grid[i] + 0.49f * gap, MxTies::kEven, element), grid[i]);
      EXPECT_EQ(Round(grid[i] + 0.51f * gap, MxTies::kEven, element), grid[i + 1]);
      EXPECT_EQ(EncodeMx(element, (grid[i] + grid[i + 1]) / 2, MxTies::kEven) & 1, 0);
    }
  }
}

TEST(MxFormat, ScaleBytes) {
  struct Known {
    float largest;
    int truncation_free, floor;
  };
  const Known known[] = {
      {6, 0, 0},
      {std::nextafter(6.0f, 7.0f), 1, 0},
      {7, 1, 0},
      {8, 1, 1},
      {12, 1, 1},
      {5.9f, 0, 0},
      {24, 2, 2},
      {24.000002f, 3, 2},
      {31, 3, 2},
      {1, -2, -2},
      {.1f, -5, -6},
      {448, 7, 6},
      {1e-8f, -29, -29},
      {std::numeric_limits<float>::max(), 126, 125},
      {0x1p-126f, -127, -127},
      {0x1p-149f, -127, -127},
      {0, -29, -127},
  };
  for (const Known& k : known) {
    EXPECT_EQ(MxScaleByte(MxElement::kE2M1, MxScaleRule::kTruncationFree, k.largest) - 127,
              k.truncation_free)
        << k.largest;
    EXPECT_EQ(MxScaleByte(MxElement::kE2M1, MxScaleRule::kFloor, k.largest) - 127, k.floor)
        << k.largest;
  }
  const auto scale = [](MxElement element, MxScaleRule rule, float largest) {
    return MxScaleByte(element, rule, largest) - 127;
  };
  EXPECT_EQ(scale(MxElement::kE3M0, MxScaleRule::kTruncationFree, 16), 0);
  EXPECT_EQ(scale(MxElement::kE3M0, MxScaleRule::kTruncationFree, 16.001f), 1);
  EXPECT_EQ(scale(MxElement::kE4M3, MxScaleRule::kTruncationFree, 448), 0);
  EXPECT_EQ(scale(MxElement::kE4M3, MxScaleRule::kTruncationFree, 448.1f), 1);
  EXPECT_EQ(scale(MxElement::kE5M2, MxScaleRule::kFloor, 65535), 0);
  EXPECT_EQ(scale(MxElement::kE2M1, MxScaleRule::kCeil, 4), 0);
  EXPECT_EQ(scale(MxElement::kE2M1, MxScaleRule::kCeil, 4.001f), 1);
  // 6.9 rounds to 6 with one bit of mantissa, 7 to 8.
  EXPECT_EQ(scale(MxElement::kE2M1, MxScaleRule::kEven, 6.9f), 0);
  EXPECT_EQ(scale(MxElement::kE2M1, MxScaleRule::kEven, 7), 1);
  EXPECT_EQ(scale(MxElement::kE4M3, MxScaleRule::kEven, 495), 1 - 1);
  EXPECT_EQ(scale(MxElement::kE4M3, MxScaleRule::kEven, 496), 1);
}

TEST(MxFormat, ScalesOfWhatIsNotFinite) {
  for (const MxElement element : kElements) {
    for (const MxScaleRule rule : {MxScaleRule::kTruncationFree, MxScaleRule::kFloor,
                                   MxScaleRule::kEven, MxScaleRule::kCeil}) {
      EXPECT_EQ(MxScaleByte(element, rule, std::numeric_limits<float>::infinity()), kMxNanScale);
      EXPECT_EQ(MxScaleByte(element, rule, std::numeric_limits<float>::quiet_NaN()), kMxNanScale);
      EXPECT_LT(MxScaleByte(element, rule, std::numeric_limits<float>::max()), kMxNanScale);
    }
  }
  EXPECT_TRUE(std::isnan(MxScaleValue(kMxNanScale)));
  EXPECT_EQ(MxScaleValue(0), 0x1p-127f);
  EXPECT_EQ(MxScaleValue(1), 0x1p-126f);
  EXPECT_EQ(MxScaleValue(254), 0x1p127f);
}

TEST(MxFormat, TruncationFreeScalesClipNothing) {
  for (const MxElement element : kElements) {
    const float largest = FormatOf(element).largest;
    for (uint32_t bits = 0x01000001u; bits < 0x7F800000u; bits += 0x000F4243u) {
      const float x = std::bit_cast<float>(bits);
      const int s = MxScaleByte(element, MxScaleRule::kTruncationFree, x) - 127;
      EXPECT_LE(std::ldexp(double{x}, -s), largest);
      if (s > -127) {
        EXPECT_GT(std::ldexp(double{x}, -s + 1), largest);
      }
    }
  }
}

struct Moments {
  double mean, variance;
};

Moments Draw(float x, uint64_t key) {
  constexpr uint32_t kDraws = 1000000;
  const uint64_t mixed = MixMxKey(key);
  double sum = 0, squares = 0;
  for (uint32_t i = 0; i < kDraws; ++i) {
    const double value =
        DecodeMx(MxElement::kE2M1, EncodeMxStochastic(MxElement::kE2M1, x, MxRandom(i, mixed)));
    sum += value;
    squares += value * value;
  }
  const double mean = sum / kDraws;
  return {mean, squares / kDraws - mean * mean};
}

TEST(StochasticMx, MeanAndVariance) {
  struct Known {
    float x;
    double variance;
  };
  uint64_t key = 1;
  for (const Known& k : {Known{2.25f, .1875}, {5, 1}, {.1f, .04}, {-2.25f, .1875}, {-.7f, .06}}) {
    const Moments drawn = Draw(k.x, key++);
    EXPECT_NEAR(drawn.mean, k.x, 5 * std::sqrt(k.variance / 1e6)) << k.x;
    EXPECT_NEAR(drawn.variance, k.variance, 0.01 * k.variance) << k.x;
  }
  for (const float on_grid : {0.0f, -.5f, 3.0f, 6.0f}) {
    EXPECT_EQ(Draw(on_grid, key++).variance, 0) << on_grid;
  }
}

TEST(StochasticMx, KeysAndNeighboursAreUnrelated) {
  constexpr uint32_t kDraws = 1000000;
  const uint64_t one = MixMxKey(1), two = MixMxKey(2);
  double keys = 0, neighbours = 0, rows = 0;
  for (uint32_t i = 0; i < kDraws; ++i) {
    const double u = MxRandom(i, one) * 0x1p-24 - .5;
    keys += u * (MxRandom(i, two) * 0x1p-24 - .5);
    neighbours += u * (MxRandom(i + 1, one) * 0x1p-24 - .5);
    rows += u * (MxRandom(i + 4096, one) * 0x1p-24 - .5);
  }
  // The product of two independent uniforms has the standard deviation 1 / 12.
  const double bound = 5 * std::sqrt(double{kDraws}) / 12;
  EXPECT_LT(std::fabs(keys), bound);
  EXPECT_LT(std::fabs(neighbours), bound);
  EXPECT_LT(std::fabs(rows), bound);
}

std::vector<float> Rounded(const std::vector<float>& x, MxElement element,
                           const MxRounding& rounding) {
  std::vector<float> values(x.size());
  EXPECT_TRUE(
      MxRound(x.data(), 1, static_cast<int64_t>(x.size()), element, rounding, values.data()));
  return values;
}

TEST(MxRound, KnownValues) {
  const std::vector<float> x = {31, -7, 3, 0.3f};
  EXPECT_EQ(Rounded(x, MxElement::kE2M1, {}), (std::vector<float>{32, -8, 4, 0}));
  EXPECT_EQ(Rounded(x, MxElement::kE2M1, {MxScaleRule::kFloor}),
            (std::vector<float>{24, -8, 4, 0}));
  EXPECT_EQ(Rounded(x, MxElement::kE3M0, {}), (std::vector<float>{32, -8, 4, 0.5f}));
  EXPECT_EQ(Rounded(x, MxElement::kE4M3, {}), (std::vector<float>{32, -7, 3, 0.3125f}));
  EXPECT_EQ(Rounded(x, MxElement::kE5M2, {}), (std::vector<float>{32, -7, 3, 0.3125f}));
}

TEST(MxRound, GroupsOf32AndWhatIsNotFinite) {
  std::vector<float> x(2 * 40, 1.0f), values(x.size());
  x[0] = 1000;                                      // makes the rest of its group zero
  x[75] = std::numeric_limits<float>::quiet_NaN();  // in the short group of the second row
  EXPECT_FALSE(MxRound(x.data(), 2, 40, MxElement::kE2M1, {}, values.data()));
  for (size_t i = 1; i < x.size(); ++i) {
    if (i >= 72) {
      EXPECT_TRUE(std::isnan(values[i]));
    } else {
      EXPECT_EQ(values[i], i < 32 ? 0.0f : 1.0f) << i;
    }
  }
}

}  // namespace
}  // namespace tersor::kernel
