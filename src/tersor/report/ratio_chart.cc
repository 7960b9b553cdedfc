#include "tersor/report/ratio_chart.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include "tersor/report/axis.h"
#include "tersor/report/number_format.h"
#include "tersor/report/svg_text.h"
#include "tersor/util/error.h"

namespace tersor::report {
namespace {

constexpr double kAxisHeight = 46;
constexpr double kBarHeight = 14;
constexpr double kTop = 8;                  // of the first row
constexpr double kDetailScale = 13.0 / 12;  // details are set smaller than TextWidth assumes

/// One drawing. Names stand left of the bars where there is room, above them otherwise.
struct Frame {
  std::string_view css_class;
  double width, left, right;  // of the picture; of the bars
  double row_height, bar_offset;
  bool names_above;
};

bool IsOne(double value) { return std::abs(value - 1) < 1e-9; }

bool IsRatio(double value) { return std::isfinite(value) && value > 0; }

double Pixel(const Frame& f, const Axis& axis, double ratio) {
  return f.left + std::clamp(axis.Position(ratio), 0.0, 1.0) * (f.right - f.left);
}

/// "43.2 vs 23.7 GFLOP/s of OpenBLAS"
std::string Figures(const BenchRow& row) {
  const std::string peer = row.peer_name.empty() ? "the peer" : row.peer_name;
  if (!std::isfinite(row.ours) || !std::isfinite(row.peer)) {
    return "against " + peer;
  }
  std::string text = FormatNumber(row.ours) + " vs " + FormatNumber(row.peer);
  text += row.unit.empty() ? "" : internal::Concat(" ", row.unit);
  return text + " of " + peer;
}

std::string Spread(const BenchRow& row) {
  return IsRatio(row.ratio_low) && IsRatio(row.ratio_high)
             ? FormatFixed(row.ratio_low, 2) + "–" + FormatFixed(row.ratio_high, 2)
             : std::string();
}

/// Lines of the ticks: through all rows, or beside the bars only where names stand above them.
void DrawTickLines(const Frame& f, const Tick& tick, const std::string& x, double bottom,
                   Html* svg) {
  const char* css = IsOne(tick.value) ? "one" : "grid";
  const auto line = [&](double from, double to) {
    svg->Leaf("line", {{"class", css},
                       {"x1", x},
                       {"x2", x},
                       {"y1", FormatCoordinate(from)},
                       {"y2", FormatCoordinate(to)}});
  };
  if (!f.names_above) {
    line(4, bottom);
    return;
  }
  for (double top = kTop; top + f.row_height <= bottom + 1; top += f.row_height) {
    line(top + f.bar_offset - kBarHeight, top + f.bar_offset + kBarHeight);
  }
}

void DrawAxis(const Frame& f, const Axis& axis, double bottom, Html* svg) {
  double free_from = -1e9;
  for (const Tick& tick : axis.ticks) {
    const double x = Pixel(f, axis, tick.value);
    DrawTickLines(f, tick, FormatCoordinate(x), bottom, svg);
    const double half = TextWidth(tick.label) / 2;
    if (x - half >= free_from) {
      svg->Element("text",
                   {{"class", IsOne(tick.value) ? "tick strong" : "tick"},
                    {"text-anchor", "middle"},
                    {"x", FormatCoordinate(x)},
                    {"y", FormatCoordinate(bottom + 17)}},
                   tick.label);
      free_from = x + half + 8;
    }
  }
  // Both sides of 1 are named; near an edge the names move inwards.
  constexpr std::string_view kPeer = "← peer better", kOurs = "ours better →";
  const double border =
      std::clamp(Pixel(f, axis, 1), TextWidth(kPeer) + 10, f.width - TextWidth(kOurs) - 10);
  const auto name = [&](const char* anchor, double x, std::string_view text) {
    svg->Element("text",
                 {{"class", "label"},
                  {"text-anchor", anchor},
                  {"x", FormatCoordinate(x)},
                  {"y", FormatCoordinate(bottom + 38)}},
                 text);
  };
  name("end", border - 10, kPeer);
  name("start", border + 10, kOurs);
}

void DrawBar(const Frame& f, const Axis& axis, const BenchRow& row, double top, Html* svg) {
  const double one = Pixel(f, axis, 1), end = Pixel(f, axis, row.ratio);
  const double middle = top + f.bar_offset;
  svg->Leaf("rect", {{"class", row.ratio >= 1 ? "better" : "worse"},
                     {"x", FormatCoordinate(std::min(one, end))},
                     {"y", FormatCoordinate(middle - kBarHeight / 2)},
                     {"rx", "2"},
                     {"width", FormatCoordinate(std::abs(end - one))},
                     {"height", FormatCoordinate(kBarHeight)}});
  if (IsRatio(row.ratio_low) && IsRatio(row.ratio_high)) {
    const double low = Pixel(f, axis, row.ratio_low), high = Pixel(f, axis, row.ratio_high);
    svg->Leaf("path",
              {{"class", "whisker"},
               {"d", fmt::format("M{0} {2}V{3}M{1} {2}V{3}M{0} {4}H{1}", FormatCoordinate(low),
                                 FormatCoordinate(high), FormatCoordinate(middle - 4),
                                 FormatCoordinate(middle + 4), FormatCoordinate(middle))}});
  }
}

void DrawRow(const Frame& f, const Axis& axis, const BenchRow& row, double top, Html* svg) {
  const double middle = top + f.bar_offset;
  const auto text = [&](const char* css, const char* anchor, double x, double y,
                        const std::string& words) {
    svg->Element("text",
                 {{"class", css},
                  {"text-anchor", anchor},
                  {"dy", "0.35em"},
                  {"x", FormatCoordinate(x)},
                  {"y", FormatCoordinate(y)}},
                 words);
  };
  const double room = f.names_above ? f.width - 8 : f.left - 24;
  const char* anchor = f.names_above ? "start" : "end";
  const double x = f.names_above ? 2 : f.left - 14;
  text("row", anchor, x, f.names_above ? top + 10 : middle - 8, Shortened(row.name, room));
  text("detail", anchor, x, f.names_above ? top + 27 : middle + 9,
       Shortened(Figures(row), room * kDetailScale));
  if (!IsRatio(row.ratio)) {
    text("detail", "start", f.right + 12, middle, "no ratio");
    return;
  }
  DrawBar(f, axis, row, top, svg);
  const std::string spread = Spread(row);
  text("ratio", "start", f.right + 12, spread.empty() ? middle : middle - 8,
       FormatRatio(row.ratio));
  if (!spread.empty()) {
    text("detail", "start", f.right + 12, middle + 9, spread);
  }
}

Html Draw(const Frame& f, const Axis& axis, std::span<const BenchRow> rows,
          const std::string& description, const std::string& id) {
  const double bottom = kTop + f.row_height * static_cast<double>(rows.size());
  Html svg;
  svg.Open("svg", {{"class", internal::Concat("chart ", f.css_class)},
                   {"viewBox", fmt::format("0 0 {} {}", f.width, bottom + kAxisHeight)},
                   {"role", "img"},
                   {"aria-labelledby", id + "-title " + id + "-desc"}});
  svg.Element("title", {{"id", id + "-title"}}, "Ratio to the peer of the same run");
  svg.Element("desc", {{"id", id + "-desc"}}, description);
  DrawAxis(f, axis, bottom, &svg);
  for (size_t i = 0; i < rows.size(); ++i) {
    DrawRow(f, axis, rows[i], kTop + f.row_height * static_cast<double>(i), &svg);
  }
  return svg.Close();
}

}  // namespace

Html RatioChart(std::span<const BenchRow> rows, const std::string& id) {
  std::vector<double> ratios;
  std::string description = "A ratio above 1 means that ours is better. ";
  for (const BenchRow& row : rows) {
    ratios.insert(ratios.end(), {row.ratio, row.ratio_low, row.ratio_high});
    description += row.name + ": " + (IsRatio(row.ratio) ? FormatRatio(row.ratio) : "no ratio") +
                   ", " + Figures(row) + ". ";
  }
  const Axis axis = MakeRatioAxis(ratios);
  Html html;
  html.Open("figure", {{"class", "plot"}});
  html.Open("figcaption").Element("strong", {}, "Ratio to the peer of the same run");
  html.Element("span", {{"class", "muted"}}, "log scale, whiskers show the spread").Close();
  for (const Frame& frame :
       {Frame{"wide", 880, 330, 790, 48, 24, false}, Frame{"narrow", 420, 14, 322, 78, 54, true}}) {
    html.Append(Draw(frame, axis, rows, description, internal::Concat(id, "-", frame.css_class)));
  }
  return html.Close();
}

}  // namespace tersor::report
