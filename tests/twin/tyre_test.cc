#include "tersor/twin/dynamics/tyre.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <vector>

namespace tersor::twin {
namespace {

constexpr double kDegree = std::numbers::pi / 180;

TEST(ApproximateMathTest, StaysWithinItsWord) {
  for (double x = 0; x < 50; x += 1e-3) {
    EXPECT_NEAR(FastAtan(x), std::atan(x), 3e-8) << x;
  }
  for (double x = -2.1; x <= 2.1; x += 1e-3) {
    EXPECT_NEAR(FastCos(x), std::cos(x), 2e-9) << x;
  }
  for (double x = -1.3; x <= 1.3; x += 1e-3) {
    EXPECT_NEAR(FastSin(x), std::sin(x), 1e-11) << x;
  }
}

TEST(MagicFormulaTest, HasTheKnownForces) {
  const MagicFormula magic = {10, 1.9, 0.97};
  EXPECT_NEAR(3200 * magic(0.1), 3058.69, 0.01);
  EXPECT_NEAR(3200 * magic(1.0), 2926.47, 0.01);
  EXPECT_NEAR(magic.PeakSlip(), 0.18, 0.005);
  EXPECT_NEAR(3200 * magic(magic.PeakSlip()), 3200, 1e-6);
}

TEST(MagicFormulaTest, SharesOfTheFleetAreItsOwnUpToSlipOne) {
  const MagicFormula magic = {10, 1.9, 0.97};
  for (double slip = 0; slip <= 1; slip += 0.001) {
    EXPECT_NEAR(MagicShare(magic.b, magic.c, magic.e, slip), magic(slip), 2e-7) << slip;
  }
}

TEST(FialaTest, HasTheKnownForces) {
  EXPECT_NEAR(FialaForce(2 * kDegree, 60000, 0.8, 4000), -1671.22, 0.01);
  EXPECT_NEAR(FialaForce(4 * kDegree, 60000, 0.8, 4000), -2629.08, 0.01);
  EXPECT_NEAR(FialaForce(-4 * kDegree, 60000, 0.8, 4000), 2629.08, 0.01);
  EXPECT_NEAR(FialaSlideAngle(60000, 0.8, 4000) / kDegree, 9.0903, 1e-4);
  EXPECT_EQ(FialaForce(20 * kDegree, 60000, 0.8, 4000), -3200);
}

TEST(FialaTest, SharesOfTheFleetAreTheSameBrush) {
  // At one friction the share is the force over friction times load.
  const double stiffness = 60000.0 / 3200;
  for (double angle = 0; angle < 9; angle += 0.1) {
    EXPECT_NEAR(3200 * FialaShare(stiffness, 1, std::tan(angle * kDegree)),
                -FialaForce(angle * kDegree, 60000, 0.8, 4000), 1e-9);
  }
}

TEST(TyreShapeTest, KeepsPeakAndSlideOfTheRoad) {
  const std::vector<std::pair<double, double>> roads = {{0.85, 0.70}, {0.60, 0.50}, {0.50, 0.40},
                                                        {0.30, 0.22}, {0.15, 0.10}, {1.2, 1.2},
                                                        {0.02, 0.01}};
  for (const auto& [peak, slide] : roads) {
    const TyreShape magic = ShapeOf(peak, slide), fiala = ShapeOf(peak, slide, TyreModel::kFiala);
    EXPECT_NEAR(magic.magic(1), slide / peak, 1e-9) << peak;
    EXPECT_NEAR(magic.magic(magic.peak_slip), 1, 1e-9) << peak;
    EXPECT_NEAR(FialaShare(fiala.stiffness(), fiala.slide_share, 1), slide / peak, 1e-9) << peak;
    for (double slip = 0.001; slip < 3; slip += 0.01) {
      const double share = MagicShare(magic.magic.b, magic.magic.c, magic.magic.e, slip);
      EXPECT_GT(share, 0) << peak << " at " << slip;
      EXPECT_LE(share, 1 + 1e-8) << peak << " at " << slip;
      // Beyond the peak it falls, to the sliding friction and no lower.
      EXPECT_GE(share, slip > magic.peak_slip ? slide / peak - 1e-6 : 0) << peak << " at " << slip;
    }
  }
}

TEST(TyreShapeTest, SlipperyRoadsHavePeaksAtMoreSlip) {
  EXPECT_NEAR(ShapeOf(0.85, 0.70).magic.b, 10, 1e-12);
  EXPECT_NEAR(ShapeOf(0.30, 0.22).magic.b, 5, 1e-12);
  EXPECT_GT(ShapeOf(0.30, 0.22).peak_slip, ShapeOf(0.85, 0.70).peak_slip);
  EXPECT_LT(ShapeOf(0.15, 0.10).stiffness(), ShapeOf(0.30, 0.22).stiffness());
}

}  // namespace
}  // namespace tersor::twin
