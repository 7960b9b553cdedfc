// What a tyre transmits: the Magic Formula and Fiala's brush, dry, wet, on snow and on ice.
//
// Forces are said as a share of the most that the tyre holds, friction times load, against slip.
// Slip has no unit: along the wheel (R w - u)/|u|, across it v/|u|, u and v being the velocity of
// the wheel in its own frame. Both together work by similarity: the pair's length decides the
// share, the pair's direction where it acts.
#ifndef TERSOR_TWIN_DYNAMICS_TYRE_H_
#define TERSOR_TWIN_DYNAMICS_TYRE_H_

#include <cmath>
#include <numbers>

#include "tersor/twin/dynamics/approximate_math.h"
#include "tersor/twin/dynamics/vehicle_body.h"

namespace tersor::twin {

/// sin(C atan(B s - E (B s - atan(B s)))), the Magic Formula's share (Pacejka).
struct MagicFormula {
  double b = 10, c = 1.9, e = 0.97;

  double operator()(double slip) const;
  /// The slip of the largest share, 1: found where the angle within the sine is a right one.
  double PeakSlip() const;
};

/// N across a tyre at a slip angle (rad): Fiala's brush of one friction.
///   F = -Ca z + Ca^2 |z| z / (3 mu Fz) - Ca^3 z^3 / (27 mu^2 Fz^2), z = tan(angle),
/// and mu Fz beyond the slide angle. `stiffness` in N/rad, `load` in N.
double FialaForce(double angle, double stiffness, double friction, double load);
/// rad beyond which the whole patch slides: tan = 3 mu Fz / Ca.
double FialaSlideAngle(double stiffness, double friction, double load);

/// How a road makes a tyre behave.
struct TyreShape {
  double friction_peak = 0.85;
  double slide_share = 0.82;  // of the friction left at full slip
  MagicFormula magic;         // e such that the share at slip 1 is slide_share
  double peak_slip = 0.17;    // of the larger share
  bool fiala = false;

  /// Slope of the share against slip at none: B C.
  double stiffness() const { return magic.b * magic.c; }
};

/// The shape for a road's frictions (0.01 .. 2). B and C lie between the common teaching sets: ice
/// (4, 2) at 0.15, snow (5, 2) at 0.30, wet (12, 2.3) at 0.60, dry (10, 1.9) from 0.85 on; these
/// frictions are those of the weather presets. Fiala's brush begins with the same slope.
TyreShape ShapeOf(double friction_peak, double friction_slide,
                  TyreModel model = TyreModel::kMagicFormula);

/// The share of friction times load at a slip's length, 0 or more. No branches.
inline double MagicShare(double b, double c, double e, double slip) {
  const double bs = b * Least(slip, 1);  // the curve has been fitted up to there
  const double angle = c * FastAtan(bs - e * (bs - FastAtan(bs)));
  return FastCos(angle - std::numbers::pi / 2);
}

/// The same by Fiala's brush, whose friction falls from peak to slide between full sliding of the
/// patch and slip 1. No branches.
inline double FialaShare(double stiffness, double slide_share, double slip) {
  const double u = Least(stiffness * slip / 3, 1);
  const double left = 1 - u;
  const double slide_slip = Least(3 / stiffness, 0.9);
  const double beyond = Within((slip - slide_slip) / (1 - slide_slip), 0, 1);
  return (1 - left * left * left) * (1 - (1 - slide_share) * beyond);
}

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_DYNAMICS_TYRE_H_
