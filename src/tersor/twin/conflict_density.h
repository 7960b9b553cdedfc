// How densely conflicts lie: a kernel estimate on a grid, and its contours.
#ifndef TERSOR_TWIN_CONFLICT_DENSITY_H_
#define TERSOR_TWIN_CONFLICT_DENSITY_H_

#include <cstdint>
#include <span>
#include <vector>

#include "tersor/twin/geometry.h"

namespace tersor::twin {

/// Values at the nodes of a square grid, row by row from the south-west.
struct DensityGrid {
  Point origin;     // of node 0
  double cell = 1;  // m between nodes
  int64_t columns = 0, rows = 0;
  std::vector<double> value;  // points a square metre

  double At(int64_t column, int64_t row) const {
    return value[static_cast<size_t>(row * columns + column)];
  }
  double peak() const;
};

/// The Gaussian kernel estimate of `points` with standard deviation `bandwidth` (m), cut at four of
/// them: its integral is the number of points that lie well inside. The grid spans low to high.
/// Throws Error on a cell or bandwidth that is not positive.
DensityGrid KernelDensity(std::span<const Point> points, const Point& low, const Point& high,
                          double cell, double bandwidth);

/// Polygons that together cover where the grid, linear along each cell's edges, reaches `level`.
std::vector<Polyline> AreaAbove(const DensityGrid& grid, double level);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_CONFLICT_DENSITY_H_
