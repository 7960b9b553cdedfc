// What was measured on a road: drivers one by one, percentiles where the single ones are not
// public, and counts.
#ifndef TERSOR_TWIN_CALIBRATION_FIELD_DATA_H_
#define TERSOR_TWIN_CALIBRATION_FIELD_DATA_H_

#include <array>
#include <string>
#include <utility>
#include <vector>

namespace tersor::twin {

/// What is measured of each driver, in m/s, m/s^2, m/s^2 and s.
enum DriverMeasure { kSpeedMeasure, kAccelMeasure, kDecelMeasure, kHeadwayMeasure };
inline constexpr size_t kNumMeasures = 4;
inline constexpr std::array<const char*, kNumMeasures> kMeasureNames = {"speed_mps", "accel_mps2",
                                                                        "decel_mps2", "headway_s"};

using DriverRow = std::array<double, kNumMeasures>;
/// The values of many drivers, by measure; not every driver shows each.
using DriverSample = std::array<std::vector<double>, kNumMeasures>;

/// Drivers of a CSV file with the columns speed_mps (or speed_kmh), accel_mps2, decel_mps2 and
/// headway_s, in any order; other columns are skipped. Throws Error naming file, line and column: a
/// column that is missing, a number that is none or not above 0, fewer than 10 rows.
std::vector<DriverRow> ReadDriverRows(const std::string& path);

/// How a measure is distributed.
class FieldDistribution {
 public:
  FieldDistribution() = default;
  /// Of a sample of at least one value.
  static FieldDistribution OfSample(std::vector<double> values);
  /// Through percentiles (share, value), both ascending; in between and beyond them in straight
  /// lines on normal paper, that is, normal where they are a normal distribution's.
  static FieldDistribution OfPercentiles(std::vector<std::pair<double, double>> percentiles);

  /// The value below which `share` (0 to 1) lie.
  double Quantile(double share) const;
  double mean() const { return mean_; }

  /// Kolmogorov's and Smirnov's distance to a sample: the largest difference of the cumulative
  /// distributions; of percentiles, at these alone, and so at most that. 1 to nothing.
  double Distance(std::vector<double> sample) const;

 private:
  bool sampled_ = false;
  std::vector<double> values_;                          // ascending
  std::vector<std::pair<double, double>> percentiles_;  // of a normal distribution's z, value
  std::vector<double> shares_;
  double mean_ = 0;
};

using Target = std::array<FieldDistribution, kNumMeasures>;

Target TargetOfRows(const std::vector<DriverRow>& rows);

/// A CSV file with a line a measure: `measure`, its name as in ReadDriverRows(), and p10, p50, p90
/// or other percentiles; further columns are skipped. Throws Error naming file, line and column.
Target ReadPercentiles(const std::string& path);

struct EdgeCount {
  std::string edge;
  double begin = 0, end = 0;  // s
  double count = 0;           // vehicles that came onto it
};

/// A CSV file with the columns edge, begin, end and count. Throws Error naming file, line, column.
std::vector<EdgeCount> ReadCounts(const std::string& path);

/// sqrt(2 (m - c)^2 / (m + c)) of vehicles an hour, modelled and counted; 0 where both are 0.
/// Below 5 on 85 % of links is the usual demand (FHWA, "Traffic Analysis Toolbox" III, 2004).
double Geh(double modelled, double counted);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_CALIBRATION_FIELD_DATA_H_
