#include "tersor/kernel/adamw.h"

#include <cmath>

#include "each_target.h"
#include "tersor/kernel/adamw_reference.h"
#include "tersor/util/parallel_for.h"

namespace tersor::kernel {
namespace {

TEST(AdamW, AgreesWithTheDefinitionOnEveryTarget) {
  const AdamWStep step{.grad_scale = 0.5f,
                       .beta1 = 0.9f,
                       .beta2 = 0.95f,
                       .step_size = 1e-2f,
                       .second_scale = 4.0f,
                       .eps = 1e-8f,
                       .keep = 0.999f};
  ForEachTarget([&] {
    for (const size_t n : {0, 1, 7, 16, 33, 1000, 70001}) {
      // One element off the start of the buffers: no alignment is assumed.
      std::vector<float> w = Noise(n + 1, 1), g = Noise(n + 1, 2), m = Noise(n + 1, 3, 0.1),
                         v = Noise(n + 1, 4);
      for (float& x : v) {
        x *= x;
      }
      std::vector<float> w2 = w, g2 = g, m2 = m, v2 = v;
      AdamW(step, static_cast<int64_t>(n), w.data() + 1, g.data() + 1, m.data() + 1, v.data() + 1);
      AdamWReference(step, static_cast<int64_t>(n), w2.data() + 1, g2.data() + 1, m2.data() + 1,
                     v2.data() + 1);
      for (size_t i = 0; i <= n; ++i) {
        ASSERT_NEAR(w[i], w2[i], 1e-5 * (1 + std::abs(w2[i]))) << n << " " << i;
        ASSERT_NEAR(m[i], m2[i], 1e-6) << i;
        ASSERT_NEAR(v[i], v2[i], 1e-5 * (1 + v2[i])) << i;
        ASSERT_EQ(g[i], g2[i]);
      }
    }
  });
}

TEST(SumSquares, IsExactOnWholeNumbersAndTheSameForAnyThreads) {
  ForEachTarget([] {
    const std::vector<float> ones(200001, 3.0f);
    EXPECT_EQ(SumSquares(ones.data() + 1, 200000), 9.0 * 200000);
    const std::vector<float> noise = Noise(300001, 5);
    const double all = SumSquares(noise.data(), 300001);
    SetNumThreads(1);
    EXPECT_EQ(SumSquares(noise.data(), 300001), all);
    SetNumThreads(0);
  });
}

TEST(SumSquares, KeepsNanAndInfinity) {
  std::vector<float> x(100, 1.0f);
  x[63] = NAN;
  EXPECT_TRUE(std::isnan(SumSquares(x.data(), 100)));
  x[63] = INFINITY;
  EXPECT_TRUE(std::isinf(SumSquares(x.data(), 100)));
}

}  // namespace
}  // namespace tersor::kernel
