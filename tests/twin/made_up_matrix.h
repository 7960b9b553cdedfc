// A matrix whose results are made up, so that what the report says of them is known.
#ifndef TERSOR_TESTS_TWIN_MADE_UP_MATRIX_H_
#define TERSOR_TESTS_TWIN_MADE_UP_MATRIX_H_

#include <functional>
#include <string>
#include <vector>

#include "tersor/twin/matrix/cell_result.h"
#include "tersor/twin/matrix/matrix.h"

namespace tersor::twin::testing {

inline Matrix DryAndRain(const std::string& more = "seeds: 6\n") {
  return ParseMatrix("corridor: {}\nweather: [clear_dry, heavy_rain]\n" + more, "made-up.yaml");
}

inline const std::string kRate = "conflicts_ttc_below_1.5s_per_1000_vehicle_km";

/// `rate` gives each cell's conflict rate.
inline std::vector<CellResult> ResultsWith(const Matrix& matrix,
                                           const std::function<double(const MatrixCell&)>& rate) {
  std::vector<CellResult> results;
  for (const MatrixCell& cell : matrix.Cells()) {
    CellResult& result = results.emplace_back();
    result.cell = cell;
    result.measured.metrics[kRate] = rate(cell);
    result.measured.metrics["vehicle_km"] = 100;
    ConflictMark conflict;
    conflict.type = "following";
    conflict.ttc = 1.2;
    conflict.drac = 4;
    conflict.point = {500, 0};
    result.measured.conflicts = {conflict};
    result.speeds.count = {0, 0, 3, 4, 1};
    result.headways.count = {0, 5, 1};
  }
  return results;
}

/// Drivers' luck, the same in all arms.
inline double Luck(const MatrixCell& cell) { return 3 * static_cast<double>(cell.seed * 7 % 5); }

/// Small differences that no weather makes.
inline double Noise(const MatrixCell& cell) {
  return 0.2 * static_cast<double>((cell.seed * 3 + static_cast<uint64_t>(cell.weather + 1)) % 4) -
         0.3;
}

}  // namespace tersor::twin::testing

#endif  // TERSOR_TESTS_TWIN_MADE_UP_MATRIX_H_
