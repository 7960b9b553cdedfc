// What a run's conflicts and exposure come to.
#ifndef TERSOR_TWIN_SAFETY_SUMMARY_H_
#define TERSOR_TWIN_SAFETY_SUMMARY_H_

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "tersor/twin/conflict_log.h"
#include "tersor/twin/exposure.h"
#include "tersor/util/record.h"

namespace tersor::twin {

/// The worst moment of a conflict: its least TTC, or else its highest DRAC, its PET, its least
/// two-dimensional TTC.
const Extreme& WorstMoment(const Conflict& conflict);

/// s: a conflict is the more severe the more of these its least TTC falls to.
inline constexpr std::array<double, 3> kSeverityBands = {1.5, 1.0, 0.5};

/// How many conflicts, and of them those with a TTC of at most each of kSeverityBands.
struct ConflictCount {
  int64_t all = 0;
  std::array<int64_t, 3> severe = {};
};

struct SafetySummary {
  ConflictCount conflicts;
  std::map<std::string, ConflictCount> types;  // following, crossing, ...
  // Over conflicts; NaN without any.
  double ttc_min = kNotAvailable, ttc_p5 = kNotAvailable;     // s
  double drac_max = kNotAvailable, drac_p95 = kNotAvailable;  // m/s^2
  double pet_min = kNotAvailable;                             // s
  int64_t beyond_grip = 0;                                    // conflicts whose DRAC was above mu g
  RunExposure exposure;
  double vehicle_km = 0;

  double Per1000VehicleKm(int64_t count) const {
    return vehicle_km > 0 ? static_cast<double>(count) / vehicle_km * 1000 : 0;
  }
};

SafetySummary Summarize(std::span<const Conflict> conflicts, const RunExposure& exposure,
                        double vehicle_km);

/// Adds the numbers as metrics; what is not defined is left out. Rates per distance are there only
/// where one was driven.
void AddMetrics(const SafetySummary& summary, Record& record);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_SAFETY_SUMMARY_H_
