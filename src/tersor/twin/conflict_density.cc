#include "tersor/twin/conflict_density.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "tersor/util/error.h"

namespace tersor::twin {
namespace {

constexpr double kReach = 4;  // standard deviations

void AddKernel(const Point& point, double bandwidth, DensityGrid* grid) {
  const double reach = kReach * bandwidth;
  const auto node = [&](double offset, int64_t last, bool up) {
    const double at = up ? std::ceil(offset / grid->cell) : std::floor(offset / grid->cell);
    return std::clamp(static_cast<int64_t>(at), up ? int64_t{0} : int64_t{-1}, last);
  };
  const double x = point.x - grid->origin.x, y = point.y - grid->origin.y;
  const double scale = 1 / (2 * std::numbers::pi * bandwidth * bandwidth);
  const int64_t left = node(x - reach, grid->columns, true);
  const int64_t right = node(x + reach, grid->columns - 1, false);
  const int64_t top = node(y + reach, grid->rows - 1, false);
  for (int64_t row = node(y - reach, grid->rows, true); row <= top; ++row) {
    const double dy = static_cast<double>(row) * grid->cell - y;
    for (int64_t column = left; column <= right; ++column) {
      const double dx = static_cast<double>(column) * grid->cell - x;
      grid->value[static_cast<size_t>(row * grid->columns + column)] +=
          scale * std::exp(-(dx * dx + dy * dy) / (2 * bandwidth * bandwidth));
    }
  }
}

/// The part of a cell that reaches `level`; its corners counter-clockwise from the south-west.
Polyline CellAbove(const DensityGrid& grid, int64_t column, int64_t row, double level) {
  constexpr std::array<std::array<int64_t, 2>, 4> kCorners = {{{0, 0}, {1, 0}, {1, 1}, {0, 1}}};
  std::array<double, 4> value;
  std::array<Point, 4> place;
  for (size_t k = 0; k < 4; ++k) {
    const int64_t c = column + kCorners[k][0], r = row + kCorners[k][1];
    value[k] = grid.At(c, r);
    place[k] = {grid.origin.x + static_cast<double>(c) * grid.cell,
                grid.origin.y + static_cast<double>(r) * grid.cell};
  }
  Polyline out;
  for (size_t k = 0; k < 4; ++k) {
    const size_t next = (k + 1) % 4;
    if (value[k] >= level) {
      out.push_back(place[k]);
    }
    if ((value[k] >= level) != (value[next] >= level)) {
      const double share = (level - value[k]) / (value[next] - value[k]);
      out.push_back({place[k].x + share * (place[next].x - place[k].x),
                     place[k].y + share * (place[next].y - place[k].y)});
    }
  }
  return out;
}

/// Whether all corners reach `level`.
bool IsFull(const DensityGrid& grid, int64_t column, int64_t row, double level) {
  return std::min({grid.At(column, row), grid.At(column + 1, row), grid.At(column, row + 1),
                   grid.At(column + 1, row + 1)}) >= level;
}

}  // namespace

double DensityGrid::peak() const {
  return value.empty() ? 0 : *std::max_element(value.begin(), value.end());
}

DensityGrid KernelDensity(std::span<const Point> points, const Point& low, const Point& high,
                          double cell, double bandwidth) {
  TERSOR_CHECK(cell > 0 && bandwidth > 0, "density: cells of ", cell, " m and a bandwidth of ",
               bandwidth, " m; both must be positive");
  DensityGrid grid;
  grid.origin = low;
  grid.cell = cell;
  grid.columns = static_cast<int64_t>(std::ceil((high.x - low.x) / cell)) + 1;
  grid.rows = static_cast<int64_t>(std::ceil((high.y - low.y) / cell)) + 1;
  grid.value.assign(static_cast<size_t>(grid.columns * grid.rows), 0);
  for (const Point& point : points) {
    AddKernel(point, bandwidth, &grid);
  }
  return grid;
}

std::vector<Polyline> AreaAbove(const DensityGrid& grid, double level) {
  std::vector<Polyline> out;
  for (int64_t row = 0; row + 1 < grid.rows; ++row) {
    for (int64_t column = 0; column + 1 < grid.columns; ++column) {
      int64_t end = column;
      while (end + 1 < grid.columns && IsFull(grid, end, row, level)) {
        ++end;
      }
      if (end > column) {  // a run of full cells is one box
        const double x0 = grid.origin.x + static_cast<double>(column) * grid.cell;
        const double x1 = grid.origin.x + static_cast<double>(end) * grid.cell;
        const double y0 = grid.origin.y + static_cast<double>(row) * grid.cell;
        const double y1 = y0 + grid.cell;
        out.push_back({{x0, y0}, {x1, y0}, {x1, y1}, {x0, y1}});
        column = end - 1;
        continue;
      }
      Polyline part = CellAbove(grid, column, row, level);
      if (part.size() > 2) {
        out.push_back(std::move(part));
      }
    }
  }
  return out;
}

}  // namespace tersor::twin
