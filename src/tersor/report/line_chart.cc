#include "tersor/report/line_chart.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "tersor/report/axis.h"
#include "tersor/report/number_format.h"
#include "tersor/report/svg_text.h"
#include "tersor/report/table.h"
#include "tersor/util/error.h"

namespace tersor::report {
namespace {

constexpr size_t kBuckets = 400;         // more than the pixels that a curve has to itself
constexpr size_t kMaxMarkedPoints = 24;  // curves this short show their points
constexpr size_t kMaxBoldPoints = 200;
constexpr double kLabelHeight = 15;  // of one direct label
constexpr double kMaxLabelWidth = 170;

/// One drawing: its size and what its margins hold, in units of the view box.
struct Frame {
  std::string_view css_class;
  double width, height;
  double left, right, top, bottom;  // of the plotting area
  int x_ticks, y_ticks;
  bool labels;  // names at the ends of the curves
};

/// Everything that both drawings share.
struct Plot {
  std::span<const Curve> curves;
  Axis x, y;
  std::string title, description;
};

double PixelX(const Frame& f, const Axis& x, double value) {
  return f.left + x.Position(value) * (f.right - f.left);
}

double PixelY(const Frame& f, const Axis& y, double value) {
  return f.bottom - y.Position(value) * (f.bottom - f.top);
}

bool IsDrawn(const Plot& plot, const Curve& curve, size_t i) {
  const auto fits = [](const Axis& axis, double v) {
    return IsPlottable(v) && (!axis.log || v > 0);
  };
  return fits(plot.x, curve.x[i]) && fits(plot.y, curve.y[i]);
}

void DrawAxes(const Frame& f, const Plot& plot, Html* svg) {
  for (const Tick& tick : plot.y.ticks) {
    const std::string y = FormatCoordinate(PixelY(f, plot.y, tick.value));
    svg->Leaf("line", {{"class", "grid"},
                       {"x1", FormatCoordinate(f.left)},
                       {"x2", FormatCoordinate(f.right)},
                       {"y1", y},
                       {"y2", y}});
    svg->Element("text",
                 {{"class", "tick"},
                  {"text-anchor", "end"},
                  {"dy", "0.35em"},
                  {"x", FormatCoordinate(f.left - 8)},
                  {"y", y}},
                 tick.label);
  }
  double free_from = -1e9;  // labels that would touch the last one are left out
  for (const Tick& tick : plot.x.ticks) {
    const double x = PixelX(f, plot.x, tick.value);
    svg->Leaf("line", {{"class", "mark"},
                       {"x1", FormatCoordinate(x)},
                       {"x2", FormatCoordinate(x)},
                       {"y1", FormatCoordinate(f.bottom)},
                       {"y2", FormatCoordinate(f.bottom + 4)}});
    const double half = TextWidth(tick.label) / 2;
    if (x - half >= free_from) {
      svg->Element("text",
                   {{"class", "tick"},
                    {"text-anchor", "middle"},
                    {"x", FormatCoordinate(std::min(x, f.width - half))},
                    {"y", FormatCoordinate(f.bottom + 19)}},
                   tick.label);
      free_from = x + half + 8;
    }
  }
  svg->Leaf("line", {{"class", "base"},
                     {"x1", FormatCoordinate(f.left)},
                     {"x2", FormatCoordinate(f.right)},
                     {"y1", FormatCoordinate(f.bottom)},
                     {"y2", FormatCoordinate(f.bottom)}});
  const std::string x_label = plot.curves[0].x_label;
  if (!x_label.empty() || plot.x.log) {
    svg->Element("text",
                 {{"class", "label"},
                  {"text-anchor", "middle"},
                  {"x", FormatCoordinate((f.left + f.right) / 2)},
                  {"y", FormatCoordinate(f.height - 6)}},
                 Shortened(Spaced(x_label), f.right - f.left) + (plot.x.log ? " (log)" : ""));
  }
}

/// The path of one curve; missing points interrupt it, and a point alone becomes a dot.
std::string PathOf(const Frame& f, const Plot& plot, const Curve& curve, Html* dots) {
  std::string path;
  size_t run = 0;
  const bool marked = curve.x.size() <= kMaxMarkedPoints;
  for (size_t i = 0; i < curve.x.size(); ++i) {
    if (!IsDrawn(plot, curve, i)) {
      run = 0;
      continue;
    }
    const std::string x = FormatCoordinate(PixelX(f, plot.x, curve.x[i]));
    const std::string y = FormatCoordinate(PixelY(f, plot.y, curve.y[i]));
    path.append(run == 0 ? "M" : "L").append(x).append(" ").append(y);
    ++run;
    const bool alone = run == 1 && (i + 1 == curve.x.size() || !IsDrawn(plot, curve, i + 1));
    if (marked || alone) {
      dots->Leaf("circle", {{"cx", x}, {"cy", y}, {"r", "3"}});
    }
  }
  return path;
}

/// Curves of many points are drawn thin, so that noise does not hide the other curves.
bool IsDense(const Plot& plot, const Curve& curve) {
  return plot.curves.size() > 1 && curve.x.size() > kMaxBoldPoints;
}

void DrawCurves(const Frame& f, const Plot& plot, Html* svg) {
  for (size_t c = 0; c < plot.curves.size(); ++c) {
    Html dots;
    const std::string path = PathOf(f, plot, plot.curves[c], &dots);
    svg->Open("g",
              {{"class",
                internal::Concat(IsDense(plot, plot.curves[c]) ? "dense curve c" : "curve c", c)}});
    if (!path.empty()) {
      svg->Leaf("path", {{"d", path}});
    }
    svg->Append(dots).Close();
  }
}

/// Names at the right ends of the curves, pushed apart where they would overlap.
void DrawLabels(const Frame& f, const Plot& plot, Html* svg) {
  struct Label {
    size_t curve;
    double y;
  };
  std::vector<Label> labels;
  for (size_t c = 0; c < plot.curves.size(); ++c) {
    const Curve& curve = plot.curves[c];
    for (size_t i = curve.x.size(); i-- > 0;) {
      if (IsDrawn(plot, curve, i)) {
        labels.push_back({c, PixelY(f, plot.y, curve.y[i])});
        break;
      }
    }
  }
  std::sort(labels.begin(), labels.end(), [](const Label& a, const Label& b) { return a.y < b.y; });
  for (size_t i = 1; i < labels.size(); ++i) {
    labels[i].y = std::max(labels[i].y, labels[i - 1].y + kLabelHeight);
  }
  double limit = f.bottom;  // the last ones must not run out of the picture
  for (size_t i = labels.size(); i-- > 0; limit -= kLabelHeight) {
    labels[i].y = std::min(labels[i].y, limit);
  }
  for (const Label& label : labels) {
    svg->Element("text",
                 {{"class", internal::Concat("name c", label.curve)},
                  {"dy", "0.35em"},
                  {"x", FormatCoordinate(f.right + 9)},
                  {"y", FormatCoordinate(label.y)}},
                 Shortened(plot.curves[label.curve].name, kMaxLabelWidth));
  }
}

/// What the script needs to find the values under the pointer: ends in data and in pixels.
std::string AxisData(const Axis& axis, double first, double last) {
  return fmt::format("{:.9g} {:.9g} {} {} {}", axis.low, axis.high, FormatCoordinate(first),
                     FormatCoordinate(last), axis.log ? 1 : 0);
}

Html Draw(const Frame& f, const Plot& plot, const std::string& id) {
  const std::string title_id = id + "-title", description_id = id + "-desc";
  Html svg;
  svg.Open("svg", {{"class", internal::Concat("chart ", f.css_class)},
                   {"viewBox", fmt::format("0 0 {} {}", f.width, f.height)},
                   {"role", "img"},
                   {"aria-labelledby", title_id + " " + description_id},
                   {"data-x", AxisData(plot.x, f.left, f.right)},
                   {"data-y", AxisData(plot.y, f.bottom, f.top)}});
  svg.Element("title", {{"id", title_id}}, plot.title);
  svg.Element("desc", {{"id", description_id}}, plot.description);
  DrawAxes(f, plot, &svg);
  DrawCurves(f, plot, &svg);
  if (f.labels) {
    DrawLabels(f, plot, &svg);
  }
  svg.Close();
  return svg;
}

/// "train: from 9.1 to 3.2, lowest 3.1" for readers who do not see the chart.
std::string Describe(const Plot& plot) {
  std::string text;
  for (const Curve& curve : plot.curves) {
    double first = NAN, last = NAN, lowest = NAN, highest = NAN;
    size_t count = 0;
    for (size_t i = 0; i < curve.x.size(); ++i) {
      if (IsDrawn(plot, curve, i)) {
        first = count++ == 0 ? curve.y[i] : first;
        last = curve.y[i];
        lowest = std::fmin(lowest, last);
        highest = std::fmax(highest, last);
      }
    }
    text += curve.name + ": ";
    text += count == 0 ? "no finite values. "
                       : fmt::format("{} points, from {} to {}, lowest {}, highest {}. ", count,
                                     FormatNumber(first), FormatNumber(last), FormatNumber(lowest),
                                     FormatNumber(highest));
  }
  return text;
}

Html Legend(std::span<const Curve> curves) {
  Html html;
  html.Open("ul", {{"class", "legend"}});
  for (size_t c = 0; c < curves.size(); ++c) {
    html.Open("li").Open("svg", {{"viewBox", "0 0 28 10"}, {"aria-hidden", "true"}});
    html.Open("g", {{"class", internal::Concat("curve c", c)}});
    html.Leaf("path", {{"d", "M1 5L27 5"}}).Close().Close();
    html.Text(curves[c].name).Close();
  }
  return html.Close();
}

/// The points for the script, rounded to what a tooltip shows; missing ones are null.
std::string PointData(std::span<const Curve> curves) {
  const auto rounded = [](std::span<const double> values) {
    std::string out = "[";
    for (const double value : values) {
      out.append(out.size() > 1 ? "," : "");
      out += IsPlottable(value) ? fmt::format("{:.6g}", value) : "null";
    }
    return out + "]";
  };
  std::string out = "[";
  for (const Curve& curve : curves) {
    const Json name = curve.name;
    out.append(out.size() > 1 ? "," : "").append("{\"name\":");
    out += name.dump(-1, ' ', false, Json::error_handler_t::replace);
    out.append(",\"x\":").append(rounded(curve.x)).append(",\"y\":").append(rounded(curve.y)) +=
        "}";
  }
  return out + "]";
}

Axis AxisOf(std::span<const Curve> curves, std::vector<double> Curve::*values, int ticks,
            bool round_ends) {
  std::vector<double> all;
  for (const Curve& curve : curves) {
    all.insert(all.end(), (curve.*values).begin(), (curve.*values).end());
  }
  return MakeAxis(all, ticks, round_ends);
}

double WidestLabel(const Axis& axis) {
  double width = 0;
  for (const Tick& tick : axis.ticks) {
    width = std::max(width, TextWidth(tick.label));
  }
  return width;
}

}  // namespace

std::vector<std::vector<Curve>> GroupCurves(std::span<const Curve> curves) {
  std::vector<std::vector<Curve>> groups;
  for (const Curve& curve : curves) {
    const auto fits = [&](const std::vector<Curve>& group) {
      return !curve.y_label.empty() && group[0].y_label == curve.y_label &&
             group[0].x_label == curve.x_label && group.size() < kMaxCurvesPerChart;
    };
    const auto group = std::find_if(groups.begin(), groups.end(), fits);
    if (group == groups.end()) {
      groups.push_back({curve});
    } else {
      group->push_back(curve);
    }
  }
  return groups;
}

Curve Thinned(const Curve& curve, size_t buckets) {
  const size_t count = curve.x.size();
  if (count <= 2 * buckets) {
    return curve;
  }
  Curve out{curve.name, curve.x_label, curve.y_label, {}, {}};
  for (size_t b = 0; b < buckets; ++b) {
    const size_t begin = b * count / buckets, end = (b + 1) * count / buckets;
    size_t low = begin, high = begin;
    for (size_t i = begin; i < end; ++i) {
      // A missing value compares false, so the first finite one has to replace it.
      low = curve.y[i] < curve.y[low] || std::isnan(curve.y[low]) ? i : low;
      high = curve.y[i] > curve.y[high] || std::isnan(curve.y[high]) ? i : high;
    }
    for (const size_t i : {std::min(low, high), std::max(low, high)}) {
      out.x.push_back(curve.x[i]);
      out.y.push_back(curve.y[i]);
      if (low == high) {
        break;
      }
    }
  }
  return out;
}

Html LineChart(std::span<const Curve> curves, const std::string& id) {
  std::vector<Curve> thinned;
  for (const Curve& curve : curves) {
    thinned.push_back(Thinned(curve, kBuckets));
  }
  const Curve& first = thinned[0];
  const bool several = thinned.size() > 1;
  Plot plot{thinned, {}, AxisOf(thinned, &Curve::y, 5, true), "", ""};
  plot.title = Spaced(several || first.name.empty() ? first.y_label : first.name);
  plot.title += first.x_label.empty() ? "" : " by " + Spaced(first.x_label);
  double names = 0;
  for (const Curve& curve : thinned) {
    names = several ? std::max(names, std::min(TextWidth(curve.name), kMaxLabelWidth) + 14) : 12;
  }
  const double left = WidestLabel(plot.y) + 14;
  Html html;
  html.Open("figure", {{"class", "plot"},
                       {"data-curves", PointData(thinned)},
                       {"data-xlabel", first.x_label.empty() ? "x" : Spaced(first.x_label)}});
  html.Open("figcaption").Element("strong", {}, plot.title);
  const bool own_label = !several && !first.y_label.empty() && first.y_label != first.name;
  const std::string scale = plot.y.log ? "log scale" : "";
  const std::string note =
      own_label ? Spaced(first.y_label) + (scale.empty() ? "" : ", ") + scale : scale;
  if (!note.empty()) {
    html.Element("span", {{"class", "muted"}}, note);
  }
  html.Close();
  if (several) {
    html.Append(Legend(thinned));
  }
  for (const Frame& frame : {Frame{"wide", 880, 330, left, 872 - names, 12, 280, 8, 5, several},
                             Frame{"narrow", 420, 290, left, 408, 12, 240, 4, 5, false}}) {
    plot.x = AxisOf(thinned, &Curve::x, frame.x_ticks, false);
    plot.description = Describe(plot);
    html.Append(Draw(frame, plot, internal::Concat(id, "-", frame.css_class)));
  }
  return html.Close();
}

}  // namespace tersor::report
