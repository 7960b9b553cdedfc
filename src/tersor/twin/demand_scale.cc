#include "tersor/twin/demand_scale.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "tersor/twin/flow.h"
#include "tersor/twin/random_stream.h"
#include "tersor/util/error.h"
#include "tersor/util/rng.h"

namespace tersor::twin {
namespace {

// Far from the draws of the demand's reader, which uses the same streams.
constexpr uint64_t kScaleDraw = 1000;
constexpr double kLatest = 60;  // s after the first, by which another of the kind departs

}  // namespace

Demand ScaledDemand(Demand demand, double scale, uint64_t seed, double end) {
  TERSOR_CHECK(std::isfinite(scale) && scale >= 0, "demand: a scale of ", scale,
               "; it must be 0 or more");
  if (scale == 1) {
    return demand;
  }
  TERSOR_CHECK(scale * static_cast<double>(demand.departures.size()) <= kMostVehicles,
               "demand: scaled by ", scale, " it has more than ", kMostVehicles, " vehicles");
  std::vector<Departure> departures;
  for (const Departure& departure : demand.departures) {
    const Rng rng(seed, StreamOf(departure.id));
    for (int copy = 0; rng.Uniform(kScaleDraw) + copy < scale; ++copy) {
      Departure again = departure;
      if (copy > 0) {
        again.id = internal::Concat(departure.id, ".x", copy);
        again.time += kLatest * rng.Uniform(kScaleDraw + static_cast<uint64_t>(copy));
      }
      if (again.time < end) {
        departures.push_back(std::move(again));
      }
    }
  }
  std::stable_sort(departures.begin(), departures.end(),
                   [](const Departure& a, const Departure& b) { return a.time < b.time; });
  demand.departures = std::move(departures);
  return demand;
}

}  // namespace tersor::twin
