// How long, and not only how badly, vehicles are exposed to a crash: measures that sum over time.
#ifndef TERSOR_TWIN_EXPOSURE_H_
#define TERSOR_TWIN_EXPOSURE_H_

namespace tersor::twin {

/// DRAC over what the road gives, mu g: above 1 no braking helps. `friction` is the peak.
double DracToGrip(double drac, double friction);

/// How likely a driver cannot brake by `drac` (m/s^2): the share of vehicles whose maximum
/// available deceleration (MADR) is below it. On a dry road MADR is normal with mean 8.45 and
/// standard deviation 1.4 m/s^2 between 4.23 and 12.68 (Cunto and Saccomanno's crash potential
/// index, 2008; the numbers as in Fu and Sayed, Accid. Anal. Prev. 153, 2021). On a slippery road
/// its mean is mu g, and the bounds are one half and three halves of it, as on the dry one. 0 where
/// `drac` is not defined.
double CrashProbability(double drac, double friction);

/// Sums over time; TTC* is the critical TTC. Minderhoud and Bovy, "Extended time-to-collision
/// measures for road traffic safety assessment", Accid. Anal. Prev. 33, 2001.
struct Exposure {
  double tet = 0;              // s with TTC <= TTC* (time exposed TTC)
  double tit = 0;              // s^2: integral of TTC* - TTC then (time integrated TTC)
  double crash_potential = 0;  // s: integral of CrashProbability()

  /// Another `step` seconds of this TTC and DRAC (NaN: not defined).
  void Add(double ttc, double drac, double friction, double critical_ttc, double step);
  void Add(const Exposure& other);
};

/// The exposure of all vehicles of a run, each pair counted for the one who has to brake.
struct RunExposure {
  Exposure sum;
  double vehicle_seconds = 0;

  /// Mean over the vehicles' time of the probability of CrashProbability().
  double crash_potential_index() const {
    return vehicle_seconds > 0 ? sum.crash_potential / vehicle_seconds : 0;
  }
};

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_EXPOSURE_H_
