// What is kept of one run of a matrix, as a file of its own.
#ifndef TERSOR_TWIN_MATRIX_CELL_RESULT_H_
#define TERSOR_TWIN_MATRIX_CELL_RESULT_H_

#include <map>
#include <string>
#include <vector>

#include "tersor/twin/conflict_charts.h"
#include "tersor/twin/conflict_mark.h"
#include "tersor/twin/matrix/matrix.h"
#include "tersor/util/json.h"
#include "tersor/util/record.h"

namespace tersor::twin {

using Metrics = std::map<std::string, double>;

struct Measured {
  Metrics metrics;                      // NaN: not defined
  std::vector<ConflictMark> conflicts;  // without their vehicles
};

struct CellResult {
  MatrixCell cell;
  Measured measured;
  /// Of arm A: what each weather and light (ConditionName()) makes of the same traffic: the grip
  /// that it leaves weighs some measures.
  std::map<std::string, Measured> by_condition;
  /// Of all who pass the middles of long lanes (passages.h).
  Histogram speeds{kSpeedBin, {}}, headways{kHeadwayBin, {}};
  double seconds = 0;  // of work

  static constexpr double kSpeedBin = 0.5;    // m/s
  static constexpr double kHeadwayBin = 0.2;  // s

  /// A metric in a condition; NaN where there is none.
  double Metric(const std::string& name, const std::string& condition) const;
  const std::vector<ConflictMark>& Conflicts(const std::string& condition) const;
};

/// The numbers of a record, but the machine's speed, which no two runs share.
Metrics MetricsOf(const Record& record);

/// "heavy_rain", "heavy_rain by night".
std::string ConditionName(const Matrix& matrix, int32_t weather, bool night);

/// The record of a run; `hash` stands for what it was made from.
Json ToJson(const Matrix& matrix, const CellResult& result, const std::string& hash);

/// Back again. Throws Error naming `source` and the field that is wrong.
CellResult ParseCellResult(const Json& json, const MatrixCell& cell, const std::string& source);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_MATRIX_CELL_RESULT_H_
