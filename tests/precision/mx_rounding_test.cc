#include "tersor/precision/mx_rounding.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <limits>

#include "tersor/kernel/mx_round_reference.h"
#include "tersor/precision/mxfp4_tensor.h"

namespace tersor::precision {
namespace {

using kernel::MxElement;
using kernel::MxRounding;
using kernel::MxScaleRule;
using kernel::MxTies;

/// Values over many scales, ties and zeros among them; no side a multiple of 32.
at::Tensor Hostile() {
  at::manual_seed(3);
  at::Tensor x = at::randn({45, 77}) * at::exp2(at::randint(-20, 20, {45, 1}).to(at::kFloat));
  x[0] = at::arange(77).to(at::kFloat) * 0.25 - 6;  // on and between the codes
  x[1].zero_();
  x[2] = at::full({77}, 1e-40);  // subnormal: the smallest scale
  x[3][5] = 3e38;
  return x;
}

void ExpectSame(const at::Tensor& a, const at::Tensor& b) {
  ASSERT_EQ(a.sizes(), b.sizes());
  const at::Tensor wrong = a.ne(b).nonzero();
  EXPECT_EQ(wrong.size(0), 0) << "first at " << wrong[0];
  EXPECT_TRUE(at::signbit(a).equal(at::signbit(b)));
}

TEST(RoundToMx, EqualsTheKernels) {
  const at::Tensor x = Hostile();
  for (const MxScaleRule scale : {MxScaleRule::kTruncationFree, MxScaleRule::kFloor,
                                  MxScaleRule::kEven, MxScaleRule::kCeil}) {
    for (const MxTies ties : {MxTies::kEven, MxTies::kAway, MxTies::kLarger, MxTies::kTowardZero}) {
      for (const bool stochastic : {false, true}) {
        SCOPED_TRACE(static_cast<int>(scale) * 10 + static_cast<int>(ties));
        const MxRounding rounding{scale, ties, stochastic, 77};
        ExpectSame(RoundToMx(x, 1, MxElement::kE2M1, rounding),
                   Mxfp4Tensor::Quantize(x, rounding)->Values());
        ExpectSame(RoundToMx(x, 0, MxElement::kE2M1, rounding),
                   Mxfp4Tensor::QuantizeTransposed(x, rounding)->Values().t());
        for (const MxElement element : {MxElement::kE3M0, MxElement::kE4M3, MxElement::kE5M2}) {
          at::Tensor values = at::empty_like(x);
          kernel::MxRound(x.data_ptr<float>(), 45, 77, element, rounding, values.data_ptr<float>());
          ExpectSame(RoundToMx(x, 1, element, rounding), values);
        }
      }
    }
  }
}

TEST(RoundToMx, MarksGroupsThatAreNotFinite) {
  at::Tensor x = at::ones({2, 64});
  x[1][40] = std::numeric_limits<float>::infinity();
  const at::Tensor values = RoundToMx(x, 1, MxElement::kE2M1, {});
  EXPECT_EQ(values.isnan().sum().item<int64_t>(), 32);
  EXPECT_TRUE(values[1][40].isnan().item<bool>());
  EXPECT_FALSE(Mxfp4Tensor::Quantize(x, {}).has_value());
}

TEST(RoundByEma, EqualsTheKernel) {
  const at::Tensor w = Hostile();
  at::manual_seed(4);
  const at::Tensor average = w + at::randn({45, 77}) * w.abs() * 0.2;
  ExpectSame(RoundByEma(w, average, MxScaleRule::kTruncationFree),
             Mxfp4Tensor::QuantizeByEma(w, average, MxScaleRule::kTruncationFree)->Values());
  ExpectSame(RoundByEma(w, -w, MxScaleRule::kTruncationFree),
             Mxfp4Tensor::QuantizeByEma(w, -w, MxScaleRule::kTruncationFree)->Values());
}

// Known answers: in units of the scale, which a 6 fixes at 1.
TEST(QuantizationConfidence, IsTheDistanceToTheNearestThreshold) {
  const at::Tensor w =
      at::tensor({.25f, 0.f, 2.125f, 2.f, 6.f, 5.f, 3.f, -3.f, -.25f}).view({1, 9});
  const at::Tensor wanted =
      at::tensor({0.f, 1.f, 1.f, 2.f / 3, 1.f, 0.f, 1.f, 1.f, 0.f}).view({1, 9});
  EXPECT_TRUE(at::allclose(QuantizationConfidence(w, MxScaleRule::kTruncationFree), wanted, 1e-6));
}

}  // namespace
}  // namespace tersor::precision
