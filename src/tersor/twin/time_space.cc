#include "tersor/twin/time_space.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "tersor/report/number_format.h"
#include "tersor/twin/edge_way.h"
#include "tersor/twin/plot_area.h"
#include "tersor/twin/speed_colors.h"

namespace tersor::twin {
namespace {

using report::FormatCoordinate;
using report::Html;

constexpr PlotFrame kFrame = {64, 866, 62, 440};
constexpr double kHeight = 488;
constexpr size_t kColors = 12;
constexpr double kRampWidth = 190;
constexpr double kTolerance = 0.3;  // units that a trajectory may be off

/// One point of a trajectory.
struct Step {
  size_t frame;
  double place;  // m along the way
  float speed;   // m/s
};

/// Every vehicle's points on the way, in order of time.
std::vector<std::vector<Step>> StepsOf(const EdgeWay& way, const Recording& recording) {
  std::vector<std::vector<Step>> out(recording.vehicles.size());
  for (size_t frame = 0; frame < recording.frames(); ++frame) {
    for (size_t entry = recording.begin[frame]; entry < recording.begin[frame + 1]; ++entry) {
      const double place = way.Place(recording.lane[entry], recording.position[entry]);
      if (!std::isnan(place)) {
        out[static_cast<size_t>(recording.vehicle[entry])].push_back(
            {frame, place, recording.speed[entry]});
      }
    }
  }
  return out;
}

/// Trajectories as one path a colour. A line goes on within its colour; at a change of colour the
/// next one begins where the last one ends.
class TrajectoryPaths {
 public:
  TrajectoryPaths(const PlotArea& plot, const Recording& recording)
      : plot_(plot), recording_(recording), top_(TopSpeed(recording)) {}

  void Add(const std::vector<Step>& steps) {
    size_t last_color = kColors;
    for (size_t i = 1; i < steps.size(); ++i) {
      if (steps[i].frame != steps[i - 1].frame + 1) {
        last_color = kColors;  // it was elsewhere in between
        continue;
      }
      const double share = (steps[i - 1].speed + steps[i].speed) / 2 / top_;
      const size_t color =
          std::min(static_cast<size_t>(std::max(share, 0.0) * kColors), kColors - 1);
      std::string& path = paths_[color];
      if (color != last_color) {
        path += "M" + PlaceOf(steps[i - 1]);
        Anchor(steps, i - 1);
      } else if (IsOnLine(steps[i])) {
        path.erase(last_point_);
      } else {
        Anchor(steps, i - 1);
      }
      last_point_ = path.size();
      path += "L" + PlaceOf(steps[i]);
      last_color = color;
    }
  }

  void Draw(Html* svg) const {
    for (size_t color = 0; color < kColors; ++color) {
      const double share = static_cast<double>(color) / (kColors - 1);
      svg->Leaf("path", {{"class", "path"}, {"stroke", SpeedColor(share)}, {"d", paths_[color]}});
    }
  }

 private:
  std::string PlaceOf(const Step& step) const {
    return fmt::format("{:.1f} {:.1f}", plot_.X(recording_.time[step.frame]), plot_.Y(step.place));
  }

  /// From here on, points near the line through steps `at` and `at` + 1 need no corner.
  void Anchor(const std::vector<Step>& steps, size_t at) {
    const double from = recording_.time[steps[at].frame];
    anchor_time_ = from;
    anchor_place_ = steps[at].place;
    anchor_speed_ =
        (steps[at + 1].place - anchor_place_) / (recording_.time[steps[at + 1].frame] - from);
  }

  bool IsOnLine(const Step& step) const {
    const double expected =
        anchor_place_ + anchor_speed_ * (recording_.time[step.frame] - anchor_time_);
    return std::abs(plot_.Y(step.place) - plot_.Y(expected)) < kTolerance;
  }

  const PlotArea& plot_;
  const Recording& recording_;
  double top_;
  std::array<std::string, kColors> paths_;
  size_t last_point_ = 0;  // where the last point of the current path begins
  double anchor_time_ = 0, anchor_place_ = 0, anchor_speed_ = 0;
};

void DrawRamp(double top_speed, Html* svg) {
  const double left = kFrame.right - kRampWidth - 60, step = kRampWidth / kColors;
  for (size_t color = 0; color < kColors; ++color) {
    svg->Leaf("rect", {{"fill", SpeedColor(static_cast<double>(color) / (kColors - 1))},
                       {"x", FormatCoordinate(left + step * static_cast<double>(color))},
                       {"y", "8"},
                       {"width", FormatCoordinate(step + 0.3)},
                       {"height", "9"}});
  }
  DrawText("tick", "end", left - 8, 17, "0", svg);
  DrawText("tick", "start", left + kRampWidth + 8, 17, report::FormatNumber(top_speed) + " m/s",
           svg);
}

/// A ring at the time and the place of the first vehicle that is on the way.
size_t DrawConflicts(const PlotArea& plot, const EdgeWay& way, const Recording& recording,
                     std::span<const ConflictMark> conflicts, Html* svg) {
  size_t drawn = 0;
  for (const ConflictMark& conflict : conflicts) {
    const auto after =
        std::upper_bound(recording.time.begin(), recording.time.end(), conflict.time + 1e-9);
    if (after == recording.time.begin() || !std::isfinite(conflict.time)) {
      continue;
    }
    const size_t frame = static_cast<size_t>(after - recording.time.begin()) - 1;
    for (size_t entry = recording.begin[frame]; entry < recording.begin[frame + 1]; ++entry) {
      const int32_t vehicle = recording.vehicle[entry];
      const double place = way.Place(recording.lane[entry], recording.position[entry]);
      if ((vehicle == conflict.first || vehicle == conflict.second) && !std::isnan(place)) {
        svg->Leaf("circle", {{"class", fmt::format("ring band{}", SeverityBand(conflict))},
                             {"cx", FormatCoordinate(plot.X(conflict.time))},
                             {"cy", FormatCoordinate(plot.Y(place))},
                             {"r", "4"}});
        ++drawn;
        break;
      }
    }
  }
  return drawn;
}

}  // namespace

Picture TimeSpaceDiagram(const Network& network, const Recording& recording,
                         std::span<const ConflictMark> conflicts, std::span<const int32_t> edges) {
  const EdgeWay way(network, edges);
  const double begin = recording.frames() > 0 ? recording.time.front() : 0;
  const double end = recording.frames() > 0 ? recording.time.back() : 1;
  report::Axis time =
      report::MakeAxis(std::vector<double>{begin, (begin + end) / 2, end}, 9, false);
  const PlotArea plot(kFrame, time, AxisBetween(0, way.length(), 6), "time, s", "place, m");
  Picture picture;
  picture.name = "time-space";
  picture.title = "Time-space diagram";
  picture.note = fmt::format("{} edges from {} to {}", edges.size(),
                             network.edges[static_cast<size_t>(edges.front())].id,
                             network.edges[static_cast<size_t>(edges.back())].id);
  picture.height = kHeight;
  plot.DrawAxes(&picture.body);
  DrawRamp(TopSpeed(recording), &picture.body);
  TrajectoryPaths paths(plot, recording);
  size_t vehicles = 0;
  for (const std::vector<Step>& steps : StepsOf(way, recording)) {
    vehicles += steps.size() > 1;
    paths.Add(steps);
  }
  paths.Draw(&picture.body);
  const size_t rings = DrawConflicts(plot, way, recording, conflicts, &picture.body);
  DrawLegend(std::vector<LegendEntry>{{"ring band0", "", "conflict"},
                                      {"ring band1", "", "TTC ≤ 1.5 s"},
                                      {"ring band2", "", "≤ 1.0 s"},
                                      {"ring band3", "", "≤ 0.5 s"}},
             kFrame.left, 13, &picture.body);
  picture.description = fmt::format("The ways of {} vehicles over {} m with {} conflicts.",
                                    vehicles, report::FormatNumber(way.length()), rings);
  return picture;
}

}  // namespace tersor::twin
