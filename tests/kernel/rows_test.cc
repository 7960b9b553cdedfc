// Kernels over rows against their formulas in double, on every target.
#include <cmath>

#include "each_target.h"
#include "tersor/kernel/gelu.h"
#include "tersor/kernel/layer_norm.h"
#include "tersor/kernel/rms_norm.h"
#include "tersor/kernel/rope.h"
#include "tersor/kernel/swiglu.h"
#include "tersor/util/parallel_for.h"

namespace tersor::kernel {
namespace {

TEST(SwiGlu, ForwardAndBackward) {
  ForEachTarget([] {
    for (const size_t n : {1, 15, 16, 50, 40001}) {
      const std::vector<float> gate = Noise(n, 1, 6), up = Noise(n, 2), grad = Noise(n, 3);
      std::vector<float> out(n), grad_gate(n), grad_up(n);
      const auto count = static_cast<int64_t>(n);
      SwiGlu(count, gate.data(), up.data(), out.data());
      SwiGluBackward(count, gate.data(), up.data(), grad.data(), grad_gate.data(), grad_up.data());
      for (size_t i = 0; i < n; ++i) {
        const double g = gate[i], s = 1 / (1 + std::exp(-g));
        ASSERT_NEAR(out[i], g * s * up[i], 1e-5 * (1 + std::abs(g * up[i])));
        ASSERT_NEAR(grad_up[i], grad[i] * g * s, 1e-5 * (1 + std::abs(g)));
        ASSERT_NEAR(grad_gate[i], grad[i] * up[i] * s * (1 + g * (1 - s)), 1e-4);
      }
    }
  });
}

TEST(SwiGlu, LargeGatesNeitherOverflowNorVanish) {
  ForEachTarget([] {
    std::vector<float> gate(32, 200.0f), up(32, 2.0f), out(32);
    gate[1] = -200;
    SwiGlu(32, gate.data(), up.data(), out.data());
    EXPECT_EQ(out[0], 400);
    EXPECT_NEAR(out[1], 0, 1e-30);
  });
}

TEST(Gelu, EqualsTheFormula) {
  ForEachTarget([] {
    for (const size_t n : {1, 15, 16, 50, 40001}) {
      std::vector<float> x = Noise(n, 1, 3);
      x[0] = n % 2 == 0 ? 1e30f : -1e30f;
      const std::vector<float> in = x;
      Gelu(static_cast<int64_t>(n), x.data(), x.data());
      for (size_t i = 0; i < n; ++i) {
        const double v = in[i];
        ASSERT_NEAR(x[i], 0.5 * v * std::erfc(-v / std::sqrt(2.0)), 1e-6 * (1 + std::abs(v))) << v;
      }
    }
    std::vector<float> broken = {NAN, 1};
    Gelu(2, broken.data(), broken.data());
    EXPECT_TRUE(std::isnan(broken[0]));
  });
}

TEST(RmsNorm, ForwardAndBackward) {
  ForEachTarget([] {
    for (const int64_t dim : {1, 5, 16, 70}) {
      constexpr int64_t kRows = 130;  // more than two blocks of rows
      const auto size = static_cast<size_t>(kRows * dim);
      const std::vector<float> x = Noise(size, 1), grad = Noise(size, 2);
      const std::vector<float> weight = Noise(static_cast<size_t>(dim), 3);
      std::vector<float> out(size), grad_x(size), scale(kRows);
      std::vector<float> grad_weight(static_cast<size_t>(dim), 1.0f);
      RmsNorm(kRows, dim, x.data(), weight.data(), 1e-5f, out.data(), scale.data());
      RmsNormBackward(kRows, dim, x.data(), weight.data(), scale.data(), grad.data(), grad_x.data(),
                      grad_weight.data());
      std::vector<double> sums(static_cast<size_t>(dim), 1.0);  // what was there stays
      for (size_t r = 0; r < kRows; ++r) {
        const size_t at = r * static_cast<size_t>(dim);
        double squares = 0, dot = 0;
        for (size_t i = 0; i < static_cast<size_t>(dim); ++i) {
          squares += static_cast<double>(x[at + i]) * x[at + i];
          dot += static_cast<double>(grad[at + i]) * weight[i] * x[at + i];
        }
        const double n = static_cast<double>(dim), s = 1 / std::sqrt(squares / n + 1e-5);
        for (size_t i = 0; i < static_cast<size_t>(dim); ++i) {
          ASSERT_NEAR(out[at + i], x[at + i] * s * weight[i], 1e-5);
          const double expected = s * (grad[at + i] * weight[i] - x[at + i] * s * s * dot / n);
          ASSERT_NEAR(grad_x[at + i], expected, 1e-4 * (1 + s));
          sums[i] += grad[at + i] * x[at + i] * s;
        }
      }
      for (size_t i = 0; i < static_cast<size_t>(dim); ++i) {
        ASSERT_NEAR(grad_weight[i], sums[i], 1e-4 * (1 + std::abs(sums[i])));
      }
    }
  });
}

TEST(RmsNorm, GradientOfTheWeightDoesNotDependOnThreads) {
  const std::vector<float> x = Noise(500 * 33, 1), grad = Noise(500 * 33, 2);
  const std::vector<float> weight(33, 1.0f), scale(500, 0.7f);
  std::vector<float> grad_x(500 * 33), one(33), many(33);
  RmsNormBackward(500, 33, x.data(), weight.data(), scale.data(), grad.data(), grad_x.data(),
                  many.data());
  SetNumThreads(1);
  RmsNormBackward(500, 33, x.data(), weight.data(), scale.data(), grad.data(), grad_x.data(),
                  one.data());
  SetNumThreads(0);
  EXPECT_EQ(one, many);
}

TEST(LayerNorm, KeepsItsDigitsFarFromZero) {
  std::vector<float> x = Noise(100, 5), out(100);
  const std::vector<float> weight = Noise(100, 6), bias = Noise(100, 7);
  for (float& value : x) {
    value += 1000;
  }
  LayerNorm(100, x.data(), weight.data(), bias.data(), 1e-5f, out.data());
  double mean = 0, square = 0;
  for (const float value : x) {
    mean += value / 100.0;
  }
  for (const float value : x) {
    square += (value - mean) * (value - mean) / 100;
  }
  for (size_t i = 0; i < 100; ++i) {
    const double normal = (x[i] - mean) / std::sqrt(square + 1e-5);
    EXPECT_NEAR(out[i], normal * weight[i] + bias[i], 1e-5);
  }
  LayerNorm(100, x.data(), nullptr, nullptr, 1e-5f, out.data());
  EXPECT_NEAR(out[3], (x[3] - mean) / std::sqrt(square + 1e-5), 1e-5);
}

TEST(Rope, TurnsPairsInBothOrders) {
  constexpr int64_t kHeads = 3, kDim = 10, kHalf = kDim / 2;
  const std::vector<float> x = Noise(kHeads * kDim, 8), angle = Noise(kHalf, 9);
  std::vector<float> cosine, sine, halves = x, neighbours(x.size());
  for (const float a : angle) {
    cosine.push_back(std::cos(a));
    sine.push_back(std::sin(a));
  }
  for (int64_t i = 0; i < kHeads * kDim;
       ++i) {  // element `half * 5 + pair` goes to `2 pair + half`
    const int64_t at = i % kDim;
    neighbours[static_cast<size_t>(i - at + 2 * (at % kHalf) + at / kHalf)] =
        x[static_cast<size_t>(i)];
  }
  Rope(RopePairs::kHalves, kHeads, kDim, cosine.data(), sine.data(), halves.data());
  Rope(RopePairs::kNeighbours, kHeads, kDim, cosine.data(), sine.data(), neighbours.data());
  for (size_t h = 0; h < kHeads; ++h) {
    for (size_t i = 0; i < kHalf; ++i) {
      const size_t low = h * kDim + i, high = low + kHalf;
      EXPECT_NEAR(halves[low], x[low] * cosine[i] - x[high] * sine[i], 1e-6);
      EXPECT_NEAR(halves[high], x[high] * cosine[i] + x[low] * sine[i], 1e-6);
      EXPECT_EQ(neighbours[h * kDim + 2 * i], halves[low]);
      EXPECT_EQ(neighbours[h * kDim + 2 * i + 1], halves[high]);
    }
  }
}

}  // namespace
}  // namespace tersor::kernel
