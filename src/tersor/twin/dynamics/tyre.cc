#include "tersor/twin/dynamics/tyre.h"

#include <algorithm>
#include <array>

namespace tersor::twin {
namespace {

constexpr double kRightAngle = std::numbers::pi / 2;

/// B and C of a teaching set and the friction at which it stands.
struct TeachingSet {
  double friction, b, c;
};
constexpr std::array<TeachingSet, 4> kSets = {
    {{0.15, 4, 2}, {0.30, 5, 2}, {0.60, 12, 2.3}, {0.85, 10, 1.9}}};

/// B and C between the sets.
MagicFormula Between(double friction) {
  size_t above = 1;
  while (above + 1 < kSets.size() && friction > kSets[above].friction) {
    ++above;
  }
  const TeachingSet &low = kSets[above - 1], &high = kSets[above];
  const double share =
      std::clamp((friction - low.friction) / (high.friction - low.friction), 0.0, 1.0);
  return {std::lerp(low.b, high.b, share), std::lerp(low.c, high.c, share), 0};
}

/// Brings the share at slip 1 to `slide` by E: the angle within the sine must be pi - asin(slide)
/// there. E may not pass 1, above which the curve would have more than one peak; then C gives way.
void FitSlide(double slide, MagicFormula* magic) {
  const double angle = std::numbers::pi - std::asin(slide), b = magic->b;
  magic->e = (b - std::tan(angle / magic->c)) / (b - std::atan(b));
  if (magic->e > 1) {
    magic->e = 1;
    magic->c = angle / std::atan(std::atan(b));
  }
}

}  // namespace

double MagicFormula::operator()(double slip) const {
  const double bs = b * slip;
  return std::sin(c * std::atan(bs - e * (bs - std::atan(bs))));
}

double MagicFormula::PeakSlip() const {
  const double wanted = std::tan(kRightAngle / c);
  double low = 0, high = 10;  // the inner term grows with slip, since e <= 1
  for (int i = 0; i < 60; ++i) {
    const double bs = b * (low + high) / 2;
    (bs - e * (bs - std::atan(bs)) < wanted ? low : high) = (low + high) / 2;
  }
  return high;
}

double FialaForce(double angle, double stiffness, double friction, double load) {
  const double z = std::tan(angle), most = friction * load;
  if (std::abs(angle) >= FialaSlideAngle(stiffness, friction, load)) {
    return -std::copysign(most, z);
  }
  const double cz = stiffness * z;
  return -cz + cz * std::abs(cz) / (3 * most) - cz * cz * cz / (27 * most * most);
}

double FialaSlideAngle(double stiffness, double friction, double load) {
  return std::atan(3 * friction * load / stiffness);
}

TyreShape ShapeOf(double friction_peak, double friction_slide, TyreModel model) {
  TyreShape shape;
  shape.friction_peak = friction_peak;
  shape.magic = Between(friction_peak);
  shape.slide_share = std::clamp(friction_slide / friction_peak, 0.3, 1.0);
  FitSlide(shape.slide_share, &shape.magic);
  shape.fiala = model == TyreModel::kFiala;
  shape.peak_slip = shape.fiala ? std::min(3 / shape.stiffness(), 0.9) : shape.magic.PeakSlip();
  return shape;
}

}  // namespace tersor::twin
