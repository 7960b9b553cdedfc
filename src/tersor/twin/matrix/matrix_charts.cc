#include "tersor/twin/matrix/matrix_charts.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "tersor/report/number_format.h"
#include "tersor/twin/conflict_charts.h"
#include "tersor/twin/matrix/difference_map.h"
#include "tersor/twin/plot_area.h"

namespace tersor::twin {
namespace {

using report::FormatCoordinate;
using report::Html;

constexpr PlotFrame kLeft = {62, 428, 86, 346}, kRight = {500, 866, 86, 346};
constexpr double kHeight = 396;
constexpr int32_t kColors = 6;
constexpr double kGravity = 9.81;   // m/s^2
constexpr double kHighestTtc = 3;   // s
constexpr double kHighestDrac = 8;  // m/s^2
constexpr double kTtcBin = 0.25;    // s
constexpr double kDracBin = 0.5;    // m/s^2
constexpr size_t kMostDots = 1500;  // of a scatter

/// One curve of a chart.
struct Line {
  std::string css;
  std::vector<std::pair<double, double>> points;
};

void DrawLines(const PlotArea& plot, const std::vector<Line>& lines, Html* svg) {
  for (const Line& line : lines) {
    std::string path;
    for (const auto& [x, y] : line.points) {
      path += path.empty() ? 'M' : 'L';
      path += plot.Place(x, y);
    }
    if (!path.empty()) {
      svg->Leaf("path", {{"class", line.css}, {"d", path}});
    }
  }
}

std::string LineClass(int32_t weather) { return fmt::format("line c{}", weather % kColors); }

int32_t Weathers(const Comparison& comparison) {
  return static_cast<int32_t>(comparison.matrix().weathers.size());
}

std::string WeatherName(const Comparison& comparison, int32_t weather) {
  return comparison.matrix().weathers[static_cast<size_t>(weather)].name;
}

/// The entries in rows.
void DrawLegendRows(const std::vector<LegendEntry>& entries, Html* svg) {
  constexpr size_t kARow = 5;
  for (size_t i = 0; i < entries.size(); i += kARow) {
    const size_t end = std::min(i + kARow, entries.size());
    DrawLegend({entries.data() + i, end - i}, kLeft.left, 12 + 20 * static_cast<double>(i / kARow),
               svg);
  }
}

std::vector<LegendEntry> WeatherLegend(const Comparison& comparison) {
  std::vector<LegendEntry> out;
  for (int32_t weather = 0; weather < Weathers(comparison); ++weather) {
    out.push_back({LineClass(weather), "", WeatherName(comparison, weather)});
  }
  return out;
}

/// The results of an arm in a weather: all demands, lights and seeds. `first_only`: of the first
/// seed at the largest demand.
std::vector<std::pair<const CellResult*, std::string>> ResultsOf(const Comparison& comparison,
                                                                 Arm arm, int32_t weather,
                                                                 bool first_only = false) {
  const Matrix& matrix = comparison.matrix();
  std::vector<std::pair<const CellResult*, std::string>> out;
  for (const Condition& condition : comparison.OfWeather(weather)) {
    for (const uint64_t seed : matrix.seeds) {
      const CellResult* const result = comparison.Find(condition, arm, seed);
      const bool wanted =
          !first_only ||
          (seed == matrix.seeds.front() && condition.night == matrix.nights[0] &&
           condition.demand == *std::max_element(matrix.demands.begin(), matrix.demands.end()));
      if (result != nullptr && wanted) {
        out.emplace_back(result, ConditionName(matrix, weather, condition.night));
      }
    }
  }
  return out;
}

/// Finite values of the conflicts of an arm in a weather, ascending, and the distance driven.
struct Severity {
  std::vector<double> values;
  double vehicle_km = 0;
};

Severity SeverityOf(const Comparison& comparison, Arm arm, int32_t weather,
                    double ConflictMark::*field) {
  Severity severity;
  for (const auto& [result, condition] : ResultsOf(comparison, arm, weather)) {
    for (const ConflictMark& conflict : result->Conflicts(condition)) {
      if (std::isfinite(conflict.*field)) {
        severity.values.push_back(conflict.*field);
      }
    }
    severity.vehicle_km += result->Metric("vehicle_km", condition);
  }
  std::sort(severity.values.begin(), severity.values.end());
  return severity;
}

/// What the two charts of severity differ in.
struct SeverityStyle {
  std::string name, title, x_label;
  double ConflictMark::*field;
  double bin, highest, critical;
  bool above;  // the share above counts, not that below
};

/// A staircase of conflicts per 1000 vehicle-km and bin.
Line RateLine(const Severity& severity, const SeverityStyle& style, std::string css) {
  const auto bins = static_cast<size_t>(std::lround(style.highest / style.bin));
  const auto end = std::lower_bound(severity.values.begin(), severity.values.end(), style.highest);
  const Histogram histogram = MakeHistogram({severity.values.begin(), end}, style.bin, bins);
  Line line{std::move(css), {}};
  for (size_t i = 0; i < bins && severity.vehicle_km > 0; ++i) {
    const double rate = static_cast<double>(histogram.count[i]) / severity.vehicle_km * 1000;
    line.points.emplace_back(style.bin * static_cast<double>(i), rate);
    line.points.emplace_back(style.bin * static_cast<double>(i + 1), rate);
  }
  return line;
}

/// The share of values at or below (above) each of 120 places.
Line ShareLine(const std::vector<double>& sorted, double highest, bool above, std::string css) {
  constexpr int kPlaces = 120;
  Line line{std::move(css), {}};
  for (int i = 0; i <= kPlaces && !sorted.empty(); ++i) {
    const double x = highest * i / kPlaces;
    const auto below =
        static_cast<double>(std::upper_bound(sorted.begin(), sorted.end(), x) - sorted.begin()) /
        static_cast<double>(sorted.size());
    line.points.emplace_back(x, above ? 1 - below : below);
  }
  return line;
}

Picture SeverityPicture(const Comparison& comparison, Arm arm, const SeverityStyle& style) {
  std::vector<Line> rates, shares;
  double most = 0;
  size_t count = 0;
  const auto add = [&](Arm of, int32_t weather, const std::string& css) {
    const Severity severity = SeverityOf(comparison, of, weather, style.field);
    rates.push_back(RateLine(severity, style, css));
    shares.push_back(ShareLine(severity.values, style.highest, style.above, css));
    for (const auto& [x, rate] : rates.back().points) {
      most = std::max(most, rate);
    }
    count += severity.values.size();
  };
  const bool plain = comparison.matrix().Has(Arm::kPlain) && arm != Arm::kPlain;
  for (int32_t weather = 0; weather < Weathers(comparison); ++weather) {
    add(arm, weather, LineClass(weather));
  }
  std::vector<LegendEntry> legend = WeatherLegend(comparison);
  if (plain) {
    add(Arm::kPlain, 0, "line plain");
    legend.push_back({"line plain", "", "plain traffic (A)"});
  }
  const PlotArea left(kLeft, AxisBetween(0, style.highest, 6),
                      AxisBetween(0, most > 0 ? most : 1, 5), style.x_label,
                      "conflicts per 1000 vehicle-km and bin");
  const PlotArea right(kRight, AxisBetween(0, style.highest, 6), AxisBetween(0, 1, 5),
                       style.x_label, style.above ? "share above" : "share at or below");
  Picture picture;
  picture.name = style.name;
  picture.title = fmt::format("{}, arm {}", style.title, LetterOf(arm));
  picture.note = fmt::format("{} conflicts of all seeds", count);
  picture.description = "One curve a weather.";
  picture.height = kHeight;
  for (const PlotArea* plot : {&left, &right}) {
    plot->DrawAxes(&picture.body);
    plot->DrawLimitX(style.critical, report::FormatNumber(style.critical), &picture.body);
  }
  DrawLines(left, rates, &picture.body);
  DrawLines(right, shares, &picture.body);
  DrawLegendRows(legend, &picture.body);
  return picture;
}

/// The limit mu g of a weather at its beginning.
double GripOf(const Comparison& comparison, int32_t weather) {
  return comparison.matrix().WeatherOf(weather, false).moments.front().weather.friction_peak *
         kGravity;
}

/// A cumulative share of histogram counts over several results.
Line HistogramLine(const std::vector<std::pair<const CellResult*, std::string>>& results,
                   Histogram CellResult::*field, std::string css) {
  std::vector<int64_t> count;
  double bin = 1, all = 0, below = 0;
  for (const auto& [result, condition] : results) {
    const Histogram& histogram = result->*field;
    bin = histogram.bin;
    count.resize(std::max(count.size(), histogram.count.size()));
    for (size_t i = 0; i < histogram.count.size(); ++i) {
      count[i] += histogram.count[i];
      all += static_cast<double>(histogram.count[i]);
    }
  }
  Line line{std::move(css), {}};
  for (size_t i = 0; i < count.size() && all > 0; ++i) {
    line.points.emplace_back(bin * static_cast<double>(i), below / all);
    below += static_cast<double>(count[i]);
  }
  return line;
}

/// 10th, 50th and 90th percentiles that radars measured eastbound on the road whose shape the
/// corridor has (the real-world column of the Tuscaloosa calibration, airport_lowes network of
/// UnivOfAlabama-BittleResearchGroup/sumo-uc-2023): km/h, and s of headway.
constexpr double kShares[] = {0.1, 0.5, 0.9};
constexpr double kRadarSpeeds[] = {68.3, 80.9, 93.9}, kRadarHeadways[] = {1.70, 3.07, 4.53};

void DrawRadar(const PlotArea& plot, const double (&values)[3], double unit, Html* svg) {
  for (size_t i = 0; i < 3; ++i) {
    svg->Leaf("circle", {{"class", "radar"},
                         {"cx", FormatCoordinate(plot.X(values[i] * unit))},
                         {"cy", FormatCoordinate(plot.Y(kShares[i]))},
                         {"r", "4.5"}});
  }
}

}  // namespace

Picture RateBars(const Comparison& comparison, const NamedMetric& metric, const std::string& name) {
  const Matrix& matrix = comparison.matrix();
  const auto arms = static_cast<double>(matrix.arms.size());
  struct Bar {
    int32_t weather;
    size_t arm;
    Interval interval;
  };
  std::vector<Bar> bars;
  double most = 0;
  for (int32_t weather = 0; weather < Weathers(comparison); ++weather) {
    for (size_t arm = 0; arm < matrix.arms.size(); ++arm) {
      const Interval interval =
          comparison.Mean(metric.name, comparison.OfWeather(weather), matrix.arms[arm]);
      if (interval.count > 0) {
        bars.push_back({weather, arm, interval});
        most = std::max({most, interval.mean, std::isfinite(interval.high) ? interval.high : 0});
      }
    }
  }
  constexpr PlotFrame kFrame = {62, 866, 58, 320};
  const PlotArea plot(kFrame, report::Axis{}, AxisBetween(0, most > 0 ? most : 1, 5), "",
                      metric.title);
  Picture picture;
  picture.name = name;
  picture.title = metric.title;
  picture.note = "mean and 95 % interval over seeds";
  picture.height = 372;
  plot.DrawAxes(&picture.body);
  const double group = (kFrame.right - kFrame.left) / Weathers(comparison);
  const double width = std::min(group * 0.8 / arms, 60.0);
  for (const Bar& bar : bars) {
    const double middle = kFrame.left + group * (bar.weather + 0.5) +
                          width * (static_cast<double>(bar.arm) - (arms - 1) / 2);
    const double top = plot.Y(bar.interval.mean);
    picture.body.Leaf("rect", {{"class", fmt::format("d{}", bar.arm)},
                               {"x", FormatCoordinate(middle - width * 0.45)},
                               {"y", FormatCoordinate(top)},
                               {"width", FormatCoordinate(width * 0.9)},
                               {"height", FormatCoordinate(kFrame.bottom - top)}});
    if (std::isfinite(bar.interval.low)) {
      const double low = plot.Y(std::max(bar.interval.low, 0.0)), high = plot.Y(bar.interval.high);
      picture.body.Leaf(
          "path",
          {{"class", "whisker"},
           {"d", fmt::format("M{0} {1}V{2}M{3} {1}H{4}M{3} {2}H{4}", FormatCoordinate(middle),
                             FormatCoordinate(low), FormatCoordinate(high),
                             FormatCoordinate(middle - 5), FormatCoordinate(middle + 5))}});
    }
    picture.description +=
        fmt::format("{}, {}: {}. ", WeatherName(comparison, bar.weather),
                    LetterOf(matrix.arms[bar.arm]), report::FormatNumber(bar.interval.mean));
  }
  for (int32_t weather = 0; weather < Weathers(comparison); ++weather) {
    DrawText("label", "middle", kFrame.left + group * (weather + 0.5), kFrame.bottom + 22,
             WeatherName(comparison, weather), &picture.body);
  }
  std::vector<LegendEntry> legend;
  for (size_t arm = 0; arm < matrix.arms.size(); ++arm) {
    legend.push_back({fmt::format("d{}", arm), "", TitleOf(matrix.arms[arm])});
  }
  DrawLegendRows(legend, &picture.body);
  return picture;
}

Picture TtcByWeather(const Comparison& comparison, Arm arm) {
  return SeverityPicture(comparison, arm,
                         {"ttc-by-weather", "Time to collision by weather", "smallest TTC, s",
                          &ConflictMark::ttc, kTtcBin, kHighestTtc, kSeverityTtc[0], false});
}

Picture DracByWeather(const Comparison& comparison, Arm arm) {
  return SeverityPicture(
      comparison, arm,
      {"drac-by-weather", "Deceleration to avoid a crash by weather", "largest DRAC, m/s²",
       &ConflictMark::drac, kDracBin, kHighestDrac, kCriticalDrac, true});
}

Picture ScatterOfWeather(const Comparison& comparison, Arm arm, int32_t weather) {
  std::vector<ConflictMark> conflicts;
  for (const auto& [result, condition] : ResultsOf(comparison, arm, weather, true)) {
    const std::vector<ConflictMark>& some = result->Conflicts(condition);
    conflicts.insert(conflicts.end(), some.begin(), some.end());
  }
  // The worst ones where there are too many to draw.
  if (conflicts.size() > kMostDots) {
    std::stable_sort(conflicts.begin(), conflicts.end(),
                     [](const ConflictMark& a, const ConflictMark& b) { return a.drac > b.drac; });
    conflicts.resize(kMostDots);
  }
  Picture picture = TtcDracScatter(conflicts, GripOf(comparison, weather));
  picture.name = "ttc-drac-" + FileWord(WeatherName(comparison, weather));
  picture.title = fmt::format("TTC against DRAC in {}, arm {}", WeatherName(comparison, weather),
                              LetterOf(arm));
  picture.note = "the first seed at the largest demand";
  return picture;
}

Picture SpeedsAndHeadways(const Comparison& comparison, Arm arm) {
  constexpr double kKmh = 1 / 3.6;
  std::vector<Line> speeds, headways;
  std::vector<LegendEntry> legend = WeatherLegend(comparison);
  for (int32_t weather = 0; weather < Weathers(comparison); ++weather) {
    const auto results = ResultsOf(comparison, arm, weather);
    speeds.push_back(HistogramLine(results, &CellResult::speeds, LineClass(weather)));
    headways.push_back(HistogramLine(results, &CellResult::headways, LineClass(weather)));
  }
  if (comparison.matrix().Has(Arm::kPlain) && arm != Arm::kPlain) {
    const auto results = ResultsOf(comparison, Arm::kPlain, 0);
    speeds.push_back(HistogramLine(results, &CellResult::speeds, "line plain"));
    headways.push_back(HistogramLine(results, &CellResult::headways, "line plain"));
    legend.push_back({"line plain", "", "plain traffic (A)"});
  }
  double fastest = 20;
  for (const Line& line : speeds) {
    for (const auto& [speed, share] : line.points) {
      fastest = share < 0.999 ? std::max(fastest, speed) : fastest;
    }
  }
  const PlotArea left(kLeft, AxisBetween(0, fastest, 6), AxisBetween(0, 1, 5), "speed, m/s",
                      "share at or below");
  const PlotArea right(kRight, AxisBetween(0, 10, 6), AxisBetween(0, 1, 5), "headway up to 10 s, s",
                       "share at or below");
  Picture picture;
  picture.name = "speed-headway";
  picture.title =
      fmt::format("Speeds and headways in the middles of long lanes, arm {}", LetterOf(arm));
  picture.description = "Cumulative, one curve a weather.";
  picture.height = kHeight;
  left.DrawAxes(&picture.body);
  right.DrawAxes(&picture.body);
  for (std::vector<Line>* lines : {&speeds, &headways}) {
    for (Line& line : *lines) {  // what is faster than the axis is of no use
      const PlotArea& plot = lines == &speeds ? left : right;
      std::erase_if(line.points, [&](const auto& p) { return p.first > plot.x_axis().high; });
    }
  }
  DrawLines(left, speeds, &picture.body);
  DrawLines(right, headways, &picture.body);
  if (comparison.matrix().on_corridor) {
    DrawRadar(left, kRadarSpeeds, kKmh, &picture.body);
    DrawRadar(right, kRadarHeadways, 1, &picture.body);
    picture.note = "dots: radars on a road of its kind";
  }
  DrawLegendRows(legend, &picture.body);
  return picture;
}

std::vector<Picture> MatrixPictures(const Comparison& comparison, const Network& network) {
  const Matrix& matrix = comparison.matrix();
  std::vector<Picture> out;
  const std::vector<NamedMetric> metrics = HeadlineMetrics(comparison);
  for (size_t i = 0; i < std::min<size_t>(metrics.size(), 2); ++i) {
    out.push_back(RateBars(comparison, metrics[i], fmt::format("rate-{}", i + 1)));
  }
  const Arm last = matrix.arms.back();
  out.push_back(TtcByWeather(comparison, last));
  out.push_back(DracByWeather(comparison, last));
  for (int32_t weather = 0; weather < Weathers(comparison); ++weather) {
    out.push_back(ScatterOfWeather(comparison, last, weather));
  }
  for (int32_t weather = 0;
       matrix.Has(Arm::kPlain) && last != Arm::kPlain && weather < Weathers(comparison);
       ++weather) {
    std::vector<ConflictMark> marks[2];
    double runs[2] = {};
    for (const int side : {0, 1}) {
      for (const auto& [result, condition] :
           ResultsOf(comparison, side == 0 ? Arm::kPlain : last, weather)) {
        const std::vector<ConflictMark>& some = result->Conflicts(condition);
        marks[side].insert(marks[side].end(), some.begin(), some.end());
        ++runs[side];
      }
    }
    if (runs[0] > 0 && runs[1] > 0) {
      out.push_back(DifferenceMap(network, {marks[0], runs[0]}, {marks[1], runs[1]},
                                  "difference-" + FileWord(WeatherName(comparison, weather)),
                                  fmt::format("Conflicts of {} less those of A: {}", LetterOf(last),
                                              WeatherName(comparison, weather))));
    }
  }
  out.push_back(SpeedsAndHeadways(comparison, last));
  return out;
}

}  // namespace tersor::twin
