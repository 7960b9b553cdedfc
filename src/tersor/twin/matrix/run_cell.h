// Simulates one cell of a matrix.
#ifndef TERSOR_TWIN_MATRIX_RUN_CELL_H_
#define TERSOR_TWIN_MATRIX_RUN_CELL_H_

#include <string>

#include "tersor/twin/matrix/cell_result.h"
#include "tersor/twin/matrix/matrix.h"

namespace tersor::twin {

/// Runs the cell's scenario by one thread and measures it. Writes its part of the animation
/// (AnimationData()) to `film` unless that is empty. Throws what the scenario throws.
CellResult RunCell(const Matrix& matrix, const MatrixCell& cell, const std::string& film);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_MATRIX_RUN_CELL_H_
