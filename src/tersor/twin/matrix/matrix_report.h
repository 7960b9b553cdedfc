// The page of a matrix: what it says in plain words, its figures and its pictures.
#ifndef TERSOR_TWIN_MATRIX_MATRIX_REPORT_H_
#define TERSOR_TWIN_MATRIX_MATRIX_REPORT_H_

#include <string>
#include <vector>

#include "tersor/twin/matrix/comparison.h"
#include "tersor/twin/matrix/matrix_run.h"
#include "tersor/twin/picture.h"

namespace tersor::twin {

/// The page around `pictures`, which loads nothing from any network. `animation` is a file beside
/// it ("": none).
std::string RenderMatrixReport(const Comparison& comparison, const MatrixState& state,
                               const std::vector<Picture>& pictures, const std::string& command,
                               const std::string& animation);

/// Every metric of every run, one line a cell and condition; empty where there is no value.
std::string CellsAsCsv(const Comparison& comparison);

/// Means and differences as a record. Rows: a metric in a weather with each arm's mean ("A"), the
/// differences ("C-A"), their intervals (.low, .high) and p-values (.p), and the verdict. Metrics:
/// those of the verdict, as WEATHER.C-A.NAME, WEATHER.C-A.low.NAME, ...
Record SummaryOf(const Comparison& comparison, const MatrixState& state);

/// Reads the results below `output` and writes there report.html, pictures/*.svg, cells.csv and
/// record.json, and animation.html where cells were filmed. Throws Error where there is no result.
/// Returns the record.
Record WriteMatrixReport(const Matrix& matrix, const MatrixState& state, const std::string& output,
                         const std::string& command);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_MATRIX_MATRIX_REPORT_H_
