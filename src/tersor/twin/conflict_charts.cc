#include "tersor/twin/conflict_charts.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "tersor/report/number_format.h"
#include "tersor/twin/plot_area.h"
#include "tersor/util/error.h"

namespace tersor::twin {
namespace {

using report::FormatCoordinate;
using report::Html;

constexpr PlotFrame kFrame = {62, 866, 34, 270};
constexpr PlotFrame kLeft = {62, 428, 62, 322}, kRight = {500, 866, 62, 322};
constexpr double kBarGap = 1.5;      // units between bars
constexpr double kTtcBin = 0.1;      // s
constexpr double kDracBin = 0.25;    // m/s^2
constexpr double kHighestTtc = 10;   // s; beyond it a conflict says nothing
constexpr double kHighestDrac = 12;  // m/s^2; no car brakes harder
constexpr size_t kColors = 6;        // of types

std::vector<double> ValuesOf(std::span<const ConflictMark> conflicts, double ConflictMark::*field,
                             const std::string* type = nullptr) {
  std::vector<double> out;
  for (const ConflictMark& conflict : conflicts) {
    if (std::isfinite(conflict.*field) && (type == nullptr || conflict.type == *type)) {
      out.push_back(conflict.*field);
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

/// The end of an axis of severity: covers the values, within limits.
double EndOf(const std::vector<double>& sorted, double least, double most) {
  return sorted.empty() ? least : std::clamp(sorted.back(), least, most);
}

/// What a histogram shows and how its bars are told apart.
struct BarStyle {
  std::string x_label;
  std::string (*css)(double middle);  // of a bar
};

void DrawBars(const Histogram& histogram, const BarStyle& style, Picture* picture) {
  const double end = histogram.bin * static_cast<double>(histogram.count.size());
  const auto most = std::max_element(histogram.count.begin(), histogram.count.end());
  const PlotArea plot(kFrame, AxisBetween(0, end, 10),
                      AxisBetween(0, std::max(static_cast<double>(*most), 4.0), 4), style.x_label,
                      "conflicts");
  plot.DrawAxes(&picture->body);
  for (size_t i = 0; i < histogram.count.size(); ++i) {
    const double low = histogram.bin * static_cast<double>(i);
    const double x = plot.X(low) + kBarGap / 2, right = plot.X(low + histogram.bin) - kBarGap / 2;
    const double y = plot.Y(static_cast<double>(histogram.count[i]));
    if (histogram.count[i] > 0) {
      picture->body.Leaf("rect", {{"class", style.css(low + histogram.bin / 2)},
                                  {"x", FormatCoordinate(x)},
                                  {"y", FormatCoordinate(y)},
                                  {"width", FormatCoordinate(right - x)},
                                  {"height", FormatCoordinate(kFrame.bottom - y)}});
    }
  }
  picture->height = 318;
}

std::string TtcClass(double ttc) {
  ConflictMark mark;
  mark.ttc = ttc;
  return fmt::format("band{}", SeverityBand(mark));
}

std::string DracClass(double drac) { return drac >= kCriticalDrac ? "band2" : "band0"; }

/// "42 conflicts, median 1.2 s"
std::string Summary(const std::vector<double>& sorted, const std::string& unit) {
  return sorted.empty() ? "no conflict has a value"
                        : fmt::format("{} conflicts, median {} {}", sorted.size(),
                                      report::FormatNumber(sorted[sorted.size() / 2]), unit);
}

/// A staircase up to 1 from the left, or from the right.
std::string Staircase(const PlotArea& plot, const std::vector<double>& sorted, bool from_right) {
  const double count = static_cast<double>(sorted.size());
  const double left = plot.x_axis().low, right = plot.x_axis().high;
  std::string path = "M" + plot.Place(left, from_right ? 1 : 0);
  for (size_t i = 0; i < sorted.size() && sorted[i] <= right; ++i) {
    // Values of one place on the picture are one step.
    if (i + 1 < sorted.size() && plot.X(sorted[i + 1]) - plot.X(sorted[i]) < 0.4) {
      continue;
    }
    const double share = static_cast<double>(i + 1) / count;
    path += "H" + FormatCoordinate(plot.X(sorted[i]));
    path += "V" + FormatCoordinate(plot.Y(from_right ? 1 - share : share));
  }
  return path + "H" + FormatCoordinate(plot.X(right));
}

void DrawCurves(const PlotArea& plot, std::span<const ConflictMark> conflicts,
                double ConflictMark::*field, bool from_right, Html* svg) {
  const std::vector<std::string> types = ConflictTypes(conflicts);
  for (size_t t = 0; t < std::min(types.size(), kColors); ++t) {
    const std::vector<double> sorted = ValuesOf(conflicts, field, &types[t]);
    if (!sorted.empty()) {
      svg->Leaf("path", {{"class", fmt::format("line c{}", t)},
                         {"d", Staircase(plot, sorted, from_right)}});
    }
  }
}

std::vector<LegendEntry> TypeLegend(std::span<const ConflictMark> conflicts,
                                    const std::string& css) {
  std::vector<LegendEntry> out;
  for (const std::string& type : ConflictTypes(conflicts)) {
    out.push_back({fmt::format("{}{}", css, out.size() % kColors), "", type});
  }
  out.resize(std::min(out.size(), kColors));
  return out;
}

}  // namespace

Histogram MakeHistogram(std::span<const double> values, double bin, size_t bins) {
  TERSOR_CHECK(bin > 0 && bins > 0, "histogram: ", bins, " bins of ", bin,
               "; both must be positive");
  Histogram histogram{bin, std::vector<int64_t>(bins)};
  for (const double value : values) {
    if (std::isfinite(value)) {
      const double at = std::clamp(std::floor(value / bin), 0.0, static_cast<double>(bins - 1));
      ++histogram.count[static_cast<size_t>(at)];
    }
  }
  return histogram;
}

Picture TtcHistogram(std::span<const ConflictMark> conflicts) {
  const std::vector<double> values = ValuesOf(conflicts, &ConflictMark::ttc);
  const double end = EndOf(values, 2, kHighestTtc);
  Picture picture;
  picture.name = "ttc";
  picture.title = "Time to collision";
  picture.note = Summary(values, "s");
  picture.description = "Conflicts by their smallest time to collision: " + picture.note + ".";
  const size_t bins = static_cast<size_t>(std::ceil(end / kTtcBin - 1e-9));
  DrawBars(MakeHistogram(values, kTtcBin, bins), {"smallest time to collision, s", TtcClass},
           &picture);
  DrawLegend(std::vector<LegendEntry>{{"band3", "", "up to 0.5 s"},
                                      {"band2", "", "up to 1.0 s"},
                                      {"band1", "", "up to 1.5 s"},
                                      {"band0", "", "above"}},
             kFrame.left + 110, 20, &picture.body);
  return picture;
}

Picture DracHistogram(std::span<const ConflictMark> conflicts) {
  const std::vector<double> values = ValuesOf(conflicts, &ConflictMark::drac);
  const double end = EndOf(values, 5, kHighestDrac);
  Picture picture;
  picture.name = "drac";
  picture.title = "Deceleration rate to avoid a crash";
  picture.note = Summary(values, "m/s²");
  picture.description = "Conflicts by their largest DRAC: " + picture.note + ".";
  const size_t bins = static_cast<size_t>(std::ceil(end / kDracBin - 1e-9));
  DrawBars(MakeHistogram(values, kDracBin, bins), {"largest DRAC, m/s²", DracClass}, &picture);
  DrawLegend(std::vector<LegendEntry>{{"band0", "", "comfortable"},
                                      {"band2", "", fmt::format("above {} m/s²", kCriticalDrac)}},
             kFrame.left + 110, 20, &picture.body);
  return picture;
}

Picture CumulativeCurves(std::span<const ConflictMark> conflicts) {
  const double ttc_end = EndOf(ValuesOf(conflicts, &ConflictMark::ttc), 2, kHighestTtc);
  const double drac_end = EndOf(ValuesOf(conflicts, &ConflictMark::drac), 5, kHighestDrac);
  const PlotArea ttc(kLeft, AxisBetween(0, ttc_end, 6), AxisBetween(0, 1, 5),
                     "time to collision, s", "share at or below");
  const PlotArea drac(kRight, AxisBetween(0, drac_end, 6), AxisBetween(0, 1, 5), "DRAC, m/s²",
                      "share above");
  Picture picture;
  picture.name = "cumulative";
  picture.title = "Severity of conflicts by type";
  picture.note = "cumulative";
  picture.description = "The share of conflicts at or below a TTC, and above a DRAC, by type.";
  picture.height = 372;
  ttc.DrawAxes(&picture.body);
  drac.DrawAxes(&picture.body);
  ttc.DrawLimitX(kSeverityTtc[0], "1.5 s", &picture.body);
  drac.DrawLimitX(kCriticalDrac, "3.35 m/s²", &picture.body);
  DrawCurves(ttc, conflicts, &ConflictMark::ttc, false, &picture.body);
  DrawCurves(drac, conflicts, &ConflictMark::drac, true, &picture.body);
  DrawLegend(TypeLegend(conflicts, "line c"), kLeft.left, 14, &picture.body);
  return picture;
}

Picture TtcDracScatter(std::span<const ConflictMark> conflicts, double braking_limit) {
  const double ttc_end = EndOf(ValuesOf(conflicts, &ConflictMark::ttc), 2, kHighestTtc);
  const double drac_end = EndOf(ValuesOf(conflicts, &ConflictMark::drac),
                                std::max(5.0, braking_limit * 1.1), kHighestDrac);
  const PlotArea plot({62, 866, 58, 360}, AxisBetween(0, ttc_end, 10), AxisBetween(0, drac_end, 6),
                      "smallest time to collision, s", "largest DRAC, m/s²");
  const std::vector<std::string> types = ConflictTypes(conflicts);
  Picture picture;
  picture.name = "ttc-drac";
  picture.title = "TTC against DRAC";
  picture.height = 408;
  plot.DrawAxes(&picture.body);
  plot.DrawLimitX(kSeverityTtc[0], "TTC 1.5 s", &picture.body);
  plot.DrawLimitY(kCriticalDrac, "comfortable braking", &picture.body);
  if (braking_limit > 0) {
    plot.DrawLimitY(braking_limit, "the road's limit μg", &picture.body);
  }
  size_t drawn = 0;
  for (const ConflictMark& c : conflicts) {
    if (std::isfinite(c.ttc) && std::isfinite(c.drac) && c.ttc >= 0 && c.ttc <= ttc_end) {
      const auto type = std::lower_bound(types.begin(), types.end(), c.type) - types.begin();
      picture.body.Leaf("circle",
                        {{"class", fmt::format("dot d{}", static_cast<size_t>(type) % kColors)},
                         {"cx", FormatCoordinate(plot.X(c.ttc))},
                         {"cy", FormatCoordinate(plot.Y(std::clamp(c.drac, 0.0, drac_end)))},
                         {"r", "3.5"}});
      ++drawn;
    }
  }
  picture.description = fmt::format("{} conflicts that have both values.", drawn);
  DrawLegend(TypeLegend(conflicts, "d"), 62, 14, &picture.body);
  return picture;
}

}  // namespace tersor::twin
