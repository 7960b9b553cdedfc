// The results of a matrix side by side: by weather, by arm, paired by seed.
#ifndef TERSOR_TWIN_MATRIX_COMPARISON_H_
#define TERSOR_TWIN_MATRIX_COMPARISON_H_

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "tersor/twin/matrix/cell_result.h"
#include "tersor/twin/matrix/matrix.h"
#include "tersor/twin/matrix/statistics.h"

namespace tersor::twin {

/// What the arms are compared in.
struct Condition {
  double demand = 1;
  int32_t weather = 0;  // of the matrix
  bool night = false;

  bool operator==(const Condition&) const = default;
};

class Comparison {
 public:
  /// `matrix` must outlive this. Cells without a result count as missing.
  Comparison(const Matrix& matrix, std::vector<CellResult> results);

  const Matrix& matrix() const { return matrix_; }
  const std::vector<CellResult>& results() const { return results_; }

  /// All conditions, weathers outermost.
  std::vector<Condition> Conditions() const;
  /// Those of one weather: every demand and light.
  std::vector<Condition> OfWeather(int32_t weather) const;
  /// "heavy_rain", with light and demand where the matrix has several.
  std::string NameOf(const Condition& condition) const;

  /// nullptr where it is missing.
  const CellResult* Find(const Condition& condition, Arm arm, uint64_t seed) const;

  /// A metric, one value a seed: the mean over `conditions`, NaN where one of them has none.
  std::vector<double> Values(const std::string& metric, std::span<const Condition> conditions,
                             Arm arm) const;
  Interval Mean(const std::string& metric, std::span<const Condition> conditions, Arm arm) const;
  /// `second` less `first`, paired by seed.
  PairedDifference Difference(const std::string& metric, std::span<const Condition> conditions,
                              Arm first, Arm second) const;
  /// By how much that difference is another one in `conditions` than in `reference`: the
  /// difference of the differences, paired by seed.
  PairedDifference Interaction(const std::string& metric, std::span<const Condition> conditions,
                               std::span<const Condition> reference, Arm first, Arm second) const;

  /// Names of all metrics that a result has, in alphabetical order.
  std::vector<std::string> MetricNames() const;

 private:
  using Key = std::tuple<double, Arm, int32_t, bool, uint64_t>;
  static Key KeyOf(const MatrixCell& cell);

  const Matrix& matrix_;
  const std::vector<CellResult> results_;
  std::map<Key, const CellResult*> result_of_;
};

/// A metric of the report in words.
struct NamedMetric {
  std::string name, title;
};

/// What a reader should see first, of those that the results have; the first two say whether the
/// weather shows.
std::vector<NamedMetric> HeadlineMetrics(const Comparison& comparison);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_MATRIX_COMPARISON_H_
