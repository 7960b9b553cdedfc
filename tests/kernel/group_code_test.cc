#include "tersor/kernel/group_code.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernel/each_target.h"

namespace tersor::kernel {
namespace {

struct Coded {
  std::vector<uint8_t> high, low;
  std::vector<float> scales;
};

Coded Encode(const std::vector<float>& x, const GroupCodeShape& shape) {
  Coded coded{std::vector<uint8_t>(static_cast<size_t>(shape.rows * shape.cols)),
              std::vector<uint8_t>(static_cast<size_t>(shape.rows * shape.low_cols())),
              std::vector<float>(static_cast<size_t>(shape.rows * shape.groups()))};
  EncodeGroups(x.data(), shape, coded.high.data(), coded.low.data(), coded.scales.data());
  return coded;
}

std::vector<float> Decode(const Coded& coded, const GroupCodeShape& shape) {
  std::vector<float> x(static_cast<size_t>(shape.rows * shape.cols));
  DecodeGroups(coded.high.data(), coded.low.data(), coded.scales.data(), shape, x.data());
  return x;
}

/// The definition, one value at a time.
std::vector<float> Reference(const std::vector<float>& x, const GroupCodeShape& shape) {
  std::vector<float> out(x.size());
  const float limit = shape.bits == 10 ? 511 : 127;
  for (int64_t r = 0; r < shape.rows; ++r) {
    for (int64_t first = 0; first < shape.cols; first += shape.group) {
      const int64_t last = std::min(shape.cols, first + shape.group);
      float most = 0;
      for (int64_t c = first; c < last; ++c) {
        most = std::max(most, std::fabs(x[static_cast<size_t>(r * shape.cols + c)]));
      }
      for (int64_t c = first; c < last && most > 0; ++c) {
        const auto i = static_cast<size_t>(r * shape.cols + c);
        const float code = std::clamp(std::nearbyint(x[i] * (limit / most)), -limit, limit);
        out[i] = code * (most / limit);
      }
    }
  }
  return out;
}

TEST(GroupCode, FollowsTheDefinition) {
  ForEachTarget([] {
    for (const int bits : {8, 10}) {
      for (const int64_t cols : {1, 3, 16, 100, 128, 130, 384, 401}) {
        for (const int64_t group : {16, 128}) {
          const GroupCodeShape shape{9, cols, group, bits};
          std::vector<float> x = Noise(static_cast<size_t>(9 * cols), 3);
          std::fill_n(x.begin() + 2 * cols, cols, 0.0f);
          EXPECT_EQ(Decode(Encode(x, shape), shape), Reference(x, shape))
              << bits << " bits, " << cols << " columns in groups of " << group;
        }
      }
    }
  });
}

TEST(GroupCode, CarriesWhatIsNotFinite) {
  ForEachTarget([] {
    for (const float bad :
         {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
      const GroupCodeShape shape{2, 200, 128, 10};
      std::vector<float> x = Noise(400, 4);
      x[399] = bad;  // in the short group of the second row
      const std::vector<float> y = Decode(Encode(x, shape), shape);
      EXPECT_TRUE(std::isnan(y[399]));
      EXPECT_TRUE(std::isnan(y[330]));
      EXPECT_TRUE(
          std::all_of(y.begin(), y.begin() + 328, [](float v) { return std::isfinite(v); }));
    }
  });
}

TEST(GroupCode, TinyValuesBecomeZero) {
  const GroupCodeShape shape{1, 16, 16, 10};
  const std::vector<float> x(16, 1e-38f);
  EXPECT_EQ(Decode(Encode(x, shape), shape), std::vector<float>(16));
}

}  // namespace
}  // namespace tersor::kernel
