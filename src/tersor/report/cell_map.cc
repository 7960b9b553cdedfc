#include "tersor/report/cell_map.h"

#include <fmt/core.h>

#include <algorithm>

namespace tersor::report {
namespace {

/// The cells of one level as the outline of their runs, one unit a cell.
std::string Outline(const CellMap& map, char level) {
  std::string path;
  for (size_t y = 0; y < map.cells.size(); ++y) {
    const std::string& row = map.cells[y];
    for (size_t x = row.find(level); x != std::string::npos; x = row.find(level, x)) {
      const size_t end = std::min(row.find_first_not_of(level, x), row.size());
      path += fmt::format("M{} {}h{}v1h-{}z", x, y, end - x, end - x);
      x = end;
    }
  }
  return path;
}

Html Picture(const CellMap& map) {
  const size_t columns = map.cells.empty() ? 0 : map.cells.front().size();
  Html html;
  html.Open("figure").Element("figcaption", {}, map.title);
  html.Open("svg", {{"viewBox", fmt::format("0 0 {} {}", columns, map.cells.size())},
                    {"preserveAspectRatio", "none"},
                    {"role", "img"},
                    {"aria-label", map.title}});
  for (char level = '0'; level <= '9'; ++level) {
    const std::string outline = Outline(map, level);
    if (!outline.empty()) {
      html.Leaf("path",
                {{"class", level == '0' ? "cell none" : "cell"},
                 {"fill-opacity", level == '0' ? "1" : fmt::format("{:.2f}", (level - '0') / 9.0)},
                 {"d", outline}});
    }
  }
  html.Close();
  if (!map.x_label.empty() || !map.y_label.empty()) {
    html.Element("p", {{"class", "muted"}},
                 fmt::format("across: {}; down: {}", map.x_label, map.y_label));
  }
  return html.Close();
}

}  // namespace

Html CellMaps(std::span<const CellMap> maps) {
  Html html;
  html.Open("div", {{"class", "maps"}});
  for (const CellMap& map : maps) {
    html.Append(Picture(map));
  }
  return html.Close();
}

}  // namespace tersor::report
