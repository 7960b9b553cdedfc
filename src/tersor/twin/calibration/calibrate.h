// Fits drivers to what was measured on a road: our traffic runs the scenario again and again, and
// the drivers whose speeds, accelerations and headways come nearest to the field's stay.
#ifndef TERSOR_TWIN_CALIBRATION_CALIBRATE_H_
#define TERSOR_TWIN_CALIBRATION_CALIBRATE_H_

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tersor/twin/calibration/drawn_drivers.h"
#include "tersor/twin/calibration/field_data.h"
#include "tersor/util/record.h"

namespace tersor::twin {

struct CalibrationOptions {
  std::string scenario;            // .yaml or .sumocfg
  std::string rows;                // CSV of measured drivers, or
  std::string percentiles;         // CSV of percentiles alone
  std::string mode = "row";        // or independent: what a drawn driver is made of
  std::string model = "IDM";       // or Krauss
  std::vector<std::string> edges;  // where it was measured
  std::string counts;              // CSV of counted vehicles; "": none
  int64_t draws = 500;             // drivers drawn
  int64_t runs = 4;                // seeds of which each candidate is the mean
  int64_t evaluations = 80;        // candidates
  double warm_up = 300;            // s before anything is measured
  double end = 1500;               // s of a run
  double headway_limit = 6;        // s
  std::string output;              // folder
  uint64_t seed = 1;
  std::function<void(int64_t done, double best)> progress = {};

  /// Throws UsageError naming the option.
  void Validate() const;
};

/// How one kind of drivers did.
struct CalibrationFit {
  std::string name;
  DriverSample sample;                          // over all runs
  std::array<double, kNumMeasures> distance{};  // KS
  std::vector<double> counted;                  // of the counts, mean over runs
  double objective() const { return distance[0] + distance[1] + distance[2] + distance[3]; }
};

/// Runs the calibration. The objective is the sum of the four Kolmogorov-Smirnov distances; the
/// search is over DriverScales, one factor for all drivers each. Besides the fitted drivers, those
/// of the scenario's own types and SUMO's default drivers (Krauss and IDM, passenger cars, in our
/// traffic) are measured, all with seeds that the search has not seen. Writes to the output
/// folder: evaluations.json after each candidate, from which an interrupted calibration goes on,
/// drivers.add.xml (a vTypeDistribution for SUMO and the twin), and record.json with a table,
/// percentiles and cumulative curves (`tersor report` draws them). Throws Error naming file, line
/// and what is wrong; UsageError where the folder holds another calibration; Interrupted.
Record Calibrate(const CalibrationOptions& options);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_CALIBRATION_CALIBRATE_H_
