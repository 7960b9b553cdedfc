// Runs the cells of a matrix: those that are missing, by several processes, as a rank's share.
#ifndef TERSOR_TWIN_MATRIX_MATRIX_RUN_H_
#define TERSOR_TWIN_MATRIX_MATRIX_RUN_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tersor/twin/matrix/cell_result.h"
#include "tersor/twin/matrix/matrix.h"
#include "tersor/util/rank.h"

namespace tersor::twin {

/// Simulates a cell; `film`, where not empty, is the file for its part of the animation.
using CellRunner = std::function<CellResult(const Matrix& matrix, const MatrixCell& cell,
                                            const std::string& film)>;

struct MatrixOptions {
  std::string output;  // folder, made where missing
  int workers = 1;     // processes
  RankPlace place;     // which of the processes that share the matrix this one is
  CellRunner run;
};

/// Where a matrix stands, all ranks together.
struct MatrixState {
  int64_t cells = 0, done = 0;
  int64_t made = 0;  // of the done ones, in this call
  struct Failure {
    std::string cell, error;
  };
  std::vector<Failure> failures;
  /// Every cell is done or has failed: nobody works on it any more.
  bool finished() const { return done + std::ssize(failures) == cells; }
};

/// Writes the files that all cells share: of the corridor, to OUTPUT/corridor.
Matrix WithFiles(Matrix matrix, const std::string& output);

/// Runs what is missing of the place's share. Each cell leaves OUTPUT/cells/NAME.json, written at
/// once or not at all; one that was made from the same scenario, files, weather and version is
/// kept. A cell that fails leaves NAME.failed and is tried again by the next call. Throws
/// Interrupted where the user stops it: what is done stays.
MatrixState RunMatrix(const Matrix& matrix, const MatrixOptions& options);

/// The results of all cells that are done, in the order of Cells().
std::vector<CellResult> ReadResults(const Matrix& matrix, const std::string& output);

/// Whether a cell's run is part of the animation: the first seed at the largest demand.
bool IsFilmed(const Matrix& matrix, const MatrixCell& cell);
std::string FilmPath(const Matrix& matrix, const MatrixCell& cell, const std::string& output);

/// The cells of each of `ranks` ranks, indices into `cells`, with about the same work.
std::vector<std::vector<size_t>> SharesOf(const std::vector<MatrixCell>& cells, int ranks);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_MATRIX_MATRIX_RUN_H_
