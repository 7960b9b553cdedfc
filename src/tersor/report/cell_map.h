// A grid of cells as a picture: what a mask keeps, say.
#ifndef TERSOR_REPORT_CELL_MAP_H_
#define TERSOR_REPORT_CELL_MAP_H_

#include <span>
#include <string>
#include <vector>

#include "tersor/report/html.h"

namespace tersor::report {

struct CellMap {
  std::string title, x_label, y_label;
  /// Rows of one length: '0' (faint) to '9' (full), '.': no cell.
  std::vector<std::string> cells;
};

/// The pictures side by side where there is room, one row of the grid downward each.
Html CellMaps(std::span<const CellMap> maps);

}  // namespace tersor::report

#endif  // TERSOR_REPORT_CELL_MAP_H_
