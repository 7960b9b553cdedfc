// How severe the conflicts are: histograms and cumulative curves of TTC and DRAC, and one against
// the other.
#ifndef TERSOR_TWIN_CONFLICT_CHARTS_H_
#define TERSOR_TWIN_CONFLICT_CHARTS_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tersor/twin/conflict_mark.h"
#include "tersor/twin/picture.h"

namespace tersor::twin {

/// DRAC that most drivers find comfortable, AASHTO's 3.4 m/s^2 as the literature rounds it.
inline constexpr double kCriticalDrac = 3.35;  // m/s^2

/// Bins of one width from 0 on; what lies beyond the last one counts in it.
struct Histogram {
  double bin = 1;
  std::vector<int64_t> count;
};

/// Throws Error on a bin that is not positive. Values that are not finite are left out, negative
/// ones count as 0.
Histogram MakeHistogram(std::span<const double> values, double bin, size_t bins);

/// The smallest TTC of each conflict, bars by severity band.
Picture TtcHistogram(std::span<const ConflictMark> conflicts);

/// The largest DRAC of each conflict, bars above kCriticalDrac apart.
Picture DracHistogram(std::span<const ConflictMark> conflicts);

/// The share of conflicts at or below a TTC, and at or above a DRAC, a curve a type.
Picture CumulativeCurves(std::span<const ConflictMark> conflicts);

/// TTC against DRAC, a dot a conflict that has both, with their critical values. `braking_limit`
/// is the road's mu * g in m/s^2, above which braking cannot help; 0: not drawn.
Picture TtcDracScatter(std::span<const ConflictMark> conflicts, double braking_limit);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_CONFLICT_CHARTS_H_
