#include "tersor/twin/fundamental_diagram.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "tersor/report/number_format.h"
#include "tersor/twin/plot_area.h"
#include "tersor/twin/speed_colors.h"

namespace tersor::twin {
namespace {

using report::FormatCoordinate;
using report::Html;

constexpr double kHeight = 372;
constexpr PlotFrame kLeft = {62, 428, 34, 322}, kRight = {500, 866, 34, 322};

/// The ends of the axes.
struct Ends {
  double flow = 1, density = 1, speed = 1;
};

Ends EndsOf(std::span<const EdgeState> states) {
  Ends ends;
  for (const EdgeState& state : states) {
    ends.flow = std::max(ends.flow, state.flow);
    ends.density = std::max(ends.density, state.density);
    ends.speed = std::max(ends.speed, state.speed);
  }
  return ends;
}

/// Dots that would cover one another are one.
void DrawDots(const PlotArea& plot, std::span<const EdgeState> states, double EdgeState::*value,
              double top_speed, Html* svg) {
  std::set<std::pair<long, long>> taken;
  for (const EdgeState& state : states) {
    const double x = plot.X(state.density), y = plot.Y(state.*value);
    if (state.density > 0 && taken.emplace(std::lround(x), std::lround(y)).second) {
      svg->Leaf("circle", {{"class", "dot"},
                           {"fill", SpeedColor(state.speed / top_speed)},
                           {"cx", FormatCoordinate(x)},
                           {"cy", FormatCoordinate(y)},
                           {"r", "3"}});
    }
  }
}

}  // namespace

Picture FundamentalDiagram(std::span<const EdgeState> states) {
  const Ends ends = EndsOf(states);
  const PlotArea flow(kLeft, AxisBetween(0, ends.density, 5), AxisBetween(0, ends.flow, 5),
                      "density, vehicles/km and lane", "flow, vehicles/h and lane");
  const PlotArea speed(kRight, AxisBetween(0, ends.density, 5), AxisBetween(0, ends.speed, 5),
                       "density, vehicles/km and lane", "speed, m/s");
  const auto drawn =
      std::count_if(states.begin(), states.end(), [](const EdgeState& s) { return s.density > 0; });
  Picture picture;
  picture.name = "fundamental-diagram";
  picture.title = "Fundamental diagram";
  picture.note = states.empty()
                     ? ""
                     : fmt::format("by edge and {} s, Edie's definitions",
                                   report::FormatNumber(states[0].end - states[0].begin));
  picture.description = fmt::format(
      "{} states. The highest flow is {} vehicles an hour and lane, the highest density {} "
      "vehicles "
      "a kilometre and lane.",
      drawn, report::FormatNumber(ends.flow), report::FormatNumber(ends.density));
  picture.height = kHeight;
  flow.DrawAxes(&picture.body);
  speed.DrawAxes(&picture.body);
  DrawDots(flow, states, &EdgeState::flow, ends.speed, &picture.body);
  DrawDots(speed, states, &EdgeState::speed, ends.speed, &picture.body);
  return picture;
}

}  // namespace tersor::twin
