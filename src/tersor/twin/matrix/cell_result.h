// What is kept of one run of a matrix, as a file of its own.
#ifndef TERSOR_TWIN_MATRIX_CELL_RESULT_H_
#define TERSOR_TWIN_MATRIX_CELL_RESULT_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tersor/twin/conflict_charts.h"
#include "tersor/twin/conflict_mark.h"
#include "tersor/twin/matrix/matrix.h"
#include "tersor/util/json.h"

namespace tersor::twin {

using Metrics = std::map<std::string, double>;

struct CellResult {
  MatrixCell cell;
  /// What the run measured. NaN: not defined.
  Metrics metrics;
  /// Of arm A: measures that the weather weighs, by weather and light (ConditionName()), though its
  /// traffic knows neither.
  std::map<std::string, Metrics> by_condition;
  /// Without their vehicles.
  std::vector<ConflictMark> conflicts;
  /// Of all who pass the middles of long lanes (passages.h).
  Histogram speeds{kSpeedBin, {}}, headways{kHeadwayBin, {}};
  double seconds = 0;  // of work

  static constexpr double kSpeedBin = 0.5;    // m/s
  static constexpr double kHeadwayBin = 0.2;  // s

  /// A metric in a condition; NaN where there is none.
  double Metric(const std::string& name, const std::string& condition) const;
};

/// "heavy_rain", "heavy_rain by night".
std::string ConditionName(const Matrix& matrix, int32_t weather, bool night);

/// The record of a run; `hash` stands for what it was made from.
Json ToJson(const Matrix& matrix, const CellResult& result, const std::string& hash);

/// Back again. Throws Error naming `source` and the field that is wrong.
CellResult ParseCellResult(const Json& json, const MatrixCell& cell, const std::string& source);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_MATRIX_CELL_RESULT_H_
