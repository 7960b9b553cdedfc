#include "tersor/kernel/softmax_loss.h"

#include <cmath>

#include "each_target.h"
#include "tersor/kernel/softmax_loss_reference.h"

namespace tersor::kernel {
namespace {

TEST(SoftmaxLoss, AgreesWithTheDefinitionOnEveryTarget) {
  ForEachTarget([] {
    for (const int64_t vocab : {1, 2, 7, 16, 31, 1000}) {
      for (const double scale : {0.1, 5.0, 60.0}) {
        constexpr int64_t kRows = 9;
        std::vector<float> logits = Noise(static_cast<size_t>(kRows * vocab + 1), 3, scale);
        std::vector<int64_t> targets;
        for (int64_t r = 0; r < kRows; ++r) {
          targets.push_back(r == 4 ? -1 : r * 13 % vocab);
        }
        std::vector<float> expected = logits, nll(kRows), hit(kRows), nll2(kRows), hit2(kRows);
        SoftmaxLoss(kRows, vocab, logits.data() + 1, targets.data(), nll.data(), hit.data(), true);
        SoftmaxLossReference(kRows, vocab, expected.data() + 1, targets.data(), nll2.data(),
                             hit2.data(), true);
        for (size_t r = 0; r < kRows; ++r) {
          ASSERT_NEAR(nll[r], nll2[r], 2e-6 * (1 + std::abs(nll2[r]) + 4 * scale));
          ASSERT_EQ(hit[r], hit2[r]);
        }
        for (size_t i = 0; i < logits.size(); ++i) {
          ASSERT_NEAR(logits[i], expected[i], 2e-6) << vocab << " " << i;
        }
      }
    }
  });
}

TEST(SoftmaxLoss, KnownAnswers) {
  ForEachTarget([] {
    // Equal logits: log of the vocabulary, gradient 1/vocab; ties go to the first.
    std::vector<float> logits(32, 2.5f), nll(2), hit(2);
    const std::vector<int64_t> targets = {0, 3};
    SoftmaxLoss(2, 16, logits.data(), targets.data(), nll.data(), hit.data(), true);
    EXPECT_NEAR(nll[0], std::log(16.0), 1e-6);
    EXPECT_EQ(hit[0], 1);
    EXPECT_EQ(hit[1], 0);
    EXPECT_NEAR(logits[1], 1.0 / 16, 1e-7);
    EXPECT_NEAR(logits[0], 1.0 / 16 - 1, 1e-7);
    // Far apart: no overflow, and nothing is left for the others.
    std::vector<float> wide = {1e4f, -1e4f, 0, 0, 0};
    const int64_t first = 0;
    SoftmaxLoss(1, 5, wide.data(), &first, nll.data(), nullptr, true);
    EXPECT_EQ(nll[0], 0);
    EXPECT_EQ(wide[1], 0);
  });
}

TEST(SoftmaxLoss, NanShowsInTheLoss) {
  std::vector<float> logits(40, 0.0f), nll(1);
  logits[17] = NAN;
  const int64_t target = 2;
  SoftmaxLoss(1, 40, logits.data(), &target, nll.data(), nullptr, false);
  EXPECT_TRUE(std::isnan(nll[0]));
}

}  // namespace
}  // namespace tersor::kernel
