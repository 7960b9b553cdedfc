#include "tersor/report/page.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "tersor/report/cell_map.h"
#include "tersor/report/html.h"
#include "tersor/report/line_chart.h"
#include "tersor/report/number_format.h"
#include "tersor/report/page_assets.h"
#include "tersor/report/page_head.h"
#include "tersor/report/ratio_chart.h"
#include "tersor/report/record_view.h"
#include "tersor/report/table.h"
#include "tersor/util/error.h"
#include "tersor/util/file.h"
#include "tersor/util/progress.h"

namespace tersor::report {
namespace {

constexpr size_t kMaxTiles = 8;  // beyond it, all metrics stand in a table as well

using Pairs = std::vector<std::pair<std::string, std::string>>;

Html Tiles(const RecordView& record) {
  Html html;
  html.Open("dl", {{"class", "tiles"}});
  for (size_t i = 0; i < std::min(record.metrics.size(), kMaxTiles); ++i) {
    const auto& [name, value] = record.metrics[i];
    html.Open("div").Element("dt", {}, Spaced(name));
    html.Element("dd", {}, value == value ? FormatCompact(value) : "n/a").Close();
  }
  return html.Close();
}

/// Whether the tiles leave something out: a metric, or digits of a large number.
bool TilesAreShort(const RecordView& record) {
  return record.metrics.size() > kMaxTiles || !record.notes.empty() ||
         std::any_of(record.metrics.begin(), record.metrics.end(),
                     [](const auto& metric) { return std::abs(metric.second) >= 1e6; });
}

Html List(const std::string& title, const Pairs& pairs) {
  Html html;
  html.Open("div", {{"class", "facts"}});
  if (!title.empty()) {
    html.Element("h3", {}, title);
  }
  html.Open("dl");
  for (const auto& [key, value] : pairs) {
    html.Open("div").Element("dt", {}, key).Element("dd", {}, value).Close();
  }
  return html.Close().Close();
}

Html Folded(const std::string& summary, const Html& contents) {
  Html html;
  html.Open("details").Element("summary", {}, summary).Append(contents);
  return html.Close();
}

/// One line: version, verb, seed and time, and the command below it.
Html Provenance(const RecordView& record, const std::string& command) {
  Html html;
  html.Open("p", {{"class", "provenance"}});
  const auto part = [&](const std::string& text) { html.Element("span", {}, text); };
  part(record.version.empty() ? "tersor" : "tersor " + record.version);
  if (!record.verb.empty()) {
    part(record.verb);
  }
  if (!record.seed.empty()) {
    part("seed " + record.seed);
  }
  if (record.seconds >= 0) {
    part(FormatDuration(std::min(record.seconds, 1e9)));
  }
  html.Close();
  if (!command.empty()) {
    html.Open("pre", {{"class", "command"}, {"tabindex", "0"}, {"aria-label", "Command"}});
    html.Element("code", {}, command).Close();
  }
  return html;
}

Html Samples(const RecordView& record) {
  Html html;
  html.Element("h3", {}, "Samples").Open("div", {{"class", "samples"}});
  for (const Sample& sample : record.samples) {
    html.Open("figure");
    if (!sample.title.empty()) {
      html.Element("figcaption", {}, sample.title);
    }
    html.Element("blockquote", {}, sample.text).Close();
  }
  return html.Close();
}

/// What a reader unfolds: every metric in full, the machine and the configuration.
Html Details(const RecordView& record) {
  Html html;
  if (TilesAreShort(record)) {
    Pairs all;
    for (const auto& [name, value] : record.metrics) {
      all.emplace_back(name, value == value ? FormatNumber(value) : "n/a");
    }
    all.insert(all.end(), record.notes.begin(), record.notes.end());
    html.Append(Folded("All metrics", List("", all)));
  }
  if (!record.machine.empty() || !record.config.empty()) {
    Html facts;
    facts.Open("div", {{"class", "columns"}});
    if (!record.machine.empty()) {
      facts.Append(List("Machine", record.machine));
    }
    if (!record.config.empty()) {
      facts.Append(List("Configuration", record.config));
    }
    html.Append(Folded("Machine and configuration", facts.Close()));
  }
  return html;
}

Html Results(const RecordView& record, const std::string& id) {
  Html html;
  size_t chart = 0;
  for (const std::vector<Curve>& group : GroupCurves(record.curves)) {
    html.Append(LineChart(group, internal::Concat(id, "-curve", chart++)));
  }
  if (!record.bench.empty()) {
    html.Append(RatioChart(record.bench, id + "-bench"));
    html.Append(Folded("The figures as a table", RenderTable(BenchTable(record.bench))));
  }
  for (const Table& table : TablesOfRows(record.rows)) {
    html.Append(RenderTable(table));
  }
  if (!record.maps.empty()) {
    html.Append(CellMaps(record.maps));
  }
  if (!record.samples.empty()) {
    html.Append(Samples(record));
  }
  return html;
}

Html Section(const RecordView& record, const std::string& id, const std::string& command,
             bool titled) {
  Html html;
  html.Open("section", {{"id", id}, {"aria-label", record.name}});
  if (titled) {
    html.Element("h2", {}, record.name);
  }
  html.Append(Provenance(record, !record.command.empty() ? record.command : command));
  const Html results = Results(record, id);
  if (!record.metrics.empty()) {
    html.Append(Tiles(record));
  } else if (record.notes.empty() && results.str().empty()) {
    html.Element("p", {{"class", "muted"}}, "This record holds no metrics, curves or rows.");
  }
  return html.Append(results).Append(Details(record)).Close();
}

/// The curves of one name that several records have, each now called after its record.
std::vector<std::vector<Curve>> SharedCurves(std::span<const RecordView> records) {
  std::vector<std::string> order;
  std::map<std::string, std::vector<Curve>> by_name;
  for (const RecordView& record : records) {
    for (const Curve& curve : record.curves) {
      if (curve.inner) {
        continue;
      }
      if (by_name[curve.name].empty()) {
        order.push_back(curve.name);
      }
      Curve renamed = curve;
      renamed.name = record.name;
      renamed.y_label = curve.name;  // what the chart is about, and what keeps them together
      by_name[curve.name].push_back(std::move(renamed));
    }
  }
  std::vector<std::vector<Curve>> groups;
  for (const std::string& name : order) {
    if (by_name[name].size() > 1) {
      for (std::vector<Curve>& group : GroupCurves(by_name[name])) {
        groups.push_back(std::move(group));
      }
    }
  }
  return groups;
}

Html Overview(std::span<const RecordView> records) {
  Html html;
  html.Open("nav", {{"aria-label", "Results"}}).Open("ol");
  for (size_t i = 0; i < records.size(); ++i) {
    html.Open("li").Element("a", {{"href", internal::Concat("#result", i + 1)}}, records[i].name);
    html.Close();
  }
  html.Close().Close();
  const Table table = CompareMetrics(records);
  const auto curves = SharedCurves(records);
  if (table.columns.empty() && curves.empty()) {
    return html;
  }
  html.Open("section", {{"aria-labelledby", "comparison"}});
  html.Element("h2", {{"id", "comparison"}}, "Comparison");
  if (!table.columns.empty()) {
    html.Append(RenderTable(table));
  }
  for (size_t i = 0; i < curves.size(); ++i) {
    html.Append(LineChart(curves[i], internal::Concat("comparison", i)));
  }
  return html.Close();
}

/// Records of one name get a number, so that a table can tell them apart.
void NumberEqualNames(std::vector<RecordView>* records) {
  std::map<std::string, int> count, seen;
  for (const RecordView& record : *records) {
    ++count[record.name];
  }
  for (RecordView& record : *records) {
    if (count[record.name] > 1) {
      record.name += internal::Concat(" ", ++seen[record.name]);
    }
  }
}

}  // namespace

std::string RenderPage(std::span<const Json> records, const PageOptions& options) {
  TERSOR_CHECK(!records.empty(), "report: no record given; name at least one JSON file");
  std::vector<RecordView> views;
  for (size_t i = 0; i < records.size(); ++i) {
    views.push_back(ViewRecord(records[i], i < options.names.size() ? options.names[i] : ""));
  }
  NumberEqualNames(&views);
  const bool several = views.size() > 1;
  const std::string title = !options.title.empty() ? options.title
                            : several              ? internal::Concat(views.size(), " results")
                                                   : views[0].name;
  Html html;
  html.Trusted("<!DOCTYPE html>\n").Open("html", {{"lang", "en"}}).Append(PageHead(title));
  html.Open("body").Open("header").Element("p", {{"class", "brand"}}, "tersor report");
  html.Element("h1", {}, title).Close().Open("main");
  if (several) {
    html.Append(Overview(views));
  }
  for (size_t i = 0; i < views.size(); ++i) {
    html.Append(Section(views[i], internal::Concat("result", i + 1), options.command, several));
  }
  html.Close();
  html.Open("script").Trusted(PageScript()).Close();
  return html.Close().Close().str();
}

void WritePage(std::span<const Json> records, const PageOptions& options, const std::string& path) {
  WriteFileAtomically(path, RenderPage(records, options));
}

}  // namespace tersor::report
