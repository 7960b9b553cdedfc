#include "tersor/twin/matrix/matrix_report.h"

#include <fmt/core.h>

#include <cmath>
#include <filesystem>
#include <system_error>
#include <utility>

#include "tersor/report/html.h"
#include "tersor/report/number_format.h"
#include "tersor/report/page_assets.h"
#include "tersor/report/page_head.h"
#include "tersor/report/table.h"
#include "tersor/twin/animation.h"
#include "tersor/twin/import_network.h"
#include "tersor/twin/matrix/matrix_charts.h"
#include "tersor/twin/matrix/verdict.h"
#include "tersor/util/error.h"
#include "tersor/util/file.h"
#include "tersor/util/record.h"

namespace tersor::twin {
namespace {

using report::FormatNumber;
using report::Html;
using report::Table;

constexpr size_t kVerdicts = 2;  // metrics that the verdict speaks of

/// Arms that are compared, as far as the matrix has them.
std::vector<std::pair<Arm, Arm>> Pairs(const Matrix& matrix) {
  std::vector<std::pair<Arm, Arm>> out;
  for (const auto& [first, second] : {std::pair{Arm::kPlain, Arm::kTwin},
                                      {Arm::kPlain, Arm::kTuned},
                                      {Arm::kTuned, Arm::kTwin}}) {
    if (matrix.Has(first) && matrix.Has(second)) {
      out.emplace_back(first, second);
    }
  }
  return out;
}

std::string PairName(const std::pair<Arm, Arm>& pair) {
  return LetterOf(pair.second) + "-" + LetterOf(pair.first);
}

std::string Text(const Interval& interval) {
  if (interval.count == 0) {
    return "";
  }
  return interval.count < 2 ? FormatNumber(interval.mean)
                            : fmt::format("{} ({} to {})", FormatNumber(interval.mean),
                                          FormatNumber(interval.low), FormatNumber(interval.high));
}

/// A row a condition, a column an arm.
Table MeanTable(const Comparison& comparison, const NamedMetric& metric) {
  Table table;
  table.caption = metric.title + ": mean (95 % interval over seeds)";
  table.columns.push_back({"weather", false, {}});
  for (const Condition& condition : comparison.Conditions()) {
    table.columns[0].cells.push_back(comparison.NameOf(condition));
  }
  for (const Arm arm : comparison.matrix().arms) {
    Table::Column column{TitleOf(arm), true, {}};
    for (const Condition& condition : comparison.Conditions()) {
      column.cells.push_back(Text(comparison.Mean(metric.name, {&condition, 1}, arm)));
    }
    table.columns.push_back(std::move(column));
  }
  return table;
}

/// A row a condition and pair of arms.
Table DifferenceTable(const Comparison& comparison, const NamedMetric& metric) {
  Table table;
  table.caption = metric.title + ": differences, paired by seed";
  table.columns = {{"weather", false, {}},   {"arms", false, {}},    {"difference", true, {}},
                   {"p (t-test)", true, {}}, {"p (Holm)", true, {}}, {"p (sign flips)", true, {}},
                   {"seeds", true, {}}};
  for (const auto& pair : Pairs(comparison.matrix())) {
    std::vector<PairedDifference> found;
    std::vector<double> p_values;
    for (const Condition& condition : comparison.Conditions()) {
      found.push_back(comparison.Difference(metric.name, {&condition, 1}, pair.first, pair.second));
      p_values.push_back(found.back().p_value);
    }
    const std::vector<double> adjusted = HolmAdjusted(p_values);
    for (size_t i = 0; i < found.size(); ++i) {
      const Interval& interval = found[i].interval;
      const bool tested = interval.count > 1;
      const auto p = [&](double value) { return tested ? fmt::format("{:.4f}", value) : ""; };
      const std::vector<std::string> cells = {comparison.NameOf(comparison.Conditions()[i]),
                                              PairName(pair),
                                              Text(interval),
                                              p(found[i].p_value),
                                              p(adjusted[i]),
                                              p(found[i].sign_flip_p),
                                              std::to_string(interval.count)};
      for (size_t c = 0; c < cells.size(); ++c) {
        table.columns[c].cells.push_back(cells[c]);
      }
    }
  }
  return table;
}

/// How much more a weather changes C minus A than the first one does.
Table InteractionTable(const Comparison& comparison, const NamedMetric& metric) {
  const Matrix& matrix = comparison.matrix();
  Table table;
  table.caption = fmt::format("{}: (C-A) less (C-A) in {}, over all demands and lights",
                              metric.title, matrix.weathers[0].name);
  table.columns = {{"weather", false, {}},
                   {"difference of differences", true, {}},
                   {"p (t-test)", true, {}},
                   {"p (sign flips)", true, {}}};
  const std::vector<Condition> reference = comparison.OfWeather(0);
  for (int32_t weather = 1; weather < std::ssize(matrix.weathers); ++weather) {
    const PairedDifference found = comparison.Interaction(
        metric.name, comparison.OfWeather(weather), reference, Arm::kPlain, Arm::kTwin);
    const bool tested = found.interval.count > 1;
    const auto p = [&](double value) { return tested ? fmt::format("{:.4f}", value) : ""; };
    const std::vector<std::string> cells = {matrix.weathers[static_cast<size_t>(weather)].name,
                                            Text(found.interval), p(found.p_value),
                                            p(found.sign_flip_p)};
    for (size_t c = 0; c < cells.size(); ++c) {
      table.columns[c].cells.push_back(cells[c]);
    }
  }
  return table;
}

Html Tiles(const Comparison& comparison, const MatrixState& state) {
  double kilometres = 0, hours = 0;
  for (const CellResult& result : comparison.results()) {
    kilometres += result.Metric("vehicle_km", "");
    hours += result.Metric("vehicle_hours", "");
  }
  Html html;
  html.Open("dl", {{"class", "tiles"}});
  for (const auto& [name, value] :
       {std::pair<const char*, double>{"runs", static_cast<double>(state.done)},
        {"runs that failed", static_cast<double>(state.failures.size())},
        {"seeds", static_cast<double>(comparison.matrix().seeds.size())},
        {"vehicle-kilometres", kilometres},
        {"vehicle-hours", hours}}) {
    html.Open("div").Element("dt", {}, name);
    html.Element("dd", {}, std::isfinite(value) ? report::FormatCompact(value) : "n/a").Close();
  }
  return html.Close();
}

Html VerdictPart(const Comparison& comparison) {
  Html html;
  html.Open("section", {{"aria-labelledby", "verdict"}});
  html.Element("h2", {{"id", "verdict"}}, "What the numbers say");
  const std::vector<NamedMetric> metrics = HeadlineMetrics(comparison);
  for (size_t i = 0; i < std::min(metrics.size(), kVerdicts); ++i) {
    html.Element("h3", {}, metrics[i].title).Open("ul");
    for (const std::string& line : Verdict(comparison, metrics[i])) {
      html.Element("li", {}, line);
    }
    html.Close();
  }
  const size_t seeds = comparison.matrix().seeds.size();
  html.Element("p", {{"class", "muted"}},
               fmt::format("All arms share their random numbers, so that differences are paired by "
                           "seed. Intervals are Student's t; p-values of a list are adjusted over "
                           "its weathers (Holm). {}",
                           seeds < 5 ? "With so few seeds only large effects can show."
                                     : "Means are over all demands and lights."));
  return html.Close();
}

Html FailurePart(const MatrixState& state) {
  Html html;
  if (state.failures.empty()) {
    return html;
  }
  html.Open("section", {{"aria-labelledby", "failed"}});
  html.Element("h2", {{"id", "failed"}}, "Runs that failed").Open("ul");
  for (const MatrixState::Failure& failure : state.failures) {
    html.Element("li", {}, failure.cell + ": " + failure.error);
  }
  return html.Close().Close();
}

Html FigurePart(const Comparison& comparison) {
  Html html;
  html.Open("section", {{"aria-labelledby", "figures"}});
  html.Element("h2", {{"id", "figures"}}, "Figures");
  const std::vector<NamedMetric> metrics = HeadlineMetrics(comparison);
  const Matrix& matrix = comparison.matrix();
  const bool interacts =
      matrix.Has(Arm::kPlain) && matrix.Has(Arm::kTwin) && matrix.weathers.size() > 1;
  for (size_t i = 0; i < metrics.size(); ++i) {
    if (i >= kVerdicts) {
      html.Open("details").Element("summary", {}, metrics[i].title);
    }
    html.Append(report::RenderTable(MeanTable(comparison, metrics[i])));
    if (!Pairs(matrix).empty()) {
      html.Append(report::RenderTable(DifferenceTable(comparison, metrics[i])));
    }
    if (interacts) {
      html.Append(report::RenderTable(InteractionTable(comparison, metrics[i])));
    }
    if (i >= kVerdicts) {
      html.Close();
    }
  }
  return html.Close();
}

/// The page with the filmed runs beside each other, arm A on the left and on the right the twin in
/// the first weather that is not the first of all; "" where fewer than two were filmed.
std::string SideBySidePage(const Matrix& matrix, const std::string& output) {
  std::vector<AnimationRun> runs;
  size_t left = 0, right = 0;
  for (const MatrixCell& cell : matrix.Cells()) {
    const std::string path = FilmPath(matrix, cell, output);
    std::error_code ignored;
    if (!IsFilmed(matrix, cell) || !std::filesystem::exists(path, ignored)) {
      continue;
    }
    Json film = ReadJsonFile(path);
    if (!film.is_object()) {
      continue;  // the run ended before its film began
    }
    left = cell.arm == Arm::kPlain ? runs.size() : left;
    right = cell.arm == matrix.arms.back() && (right == left || cell.weather == 1) ? runs.size()
                                                                                   : right;
    const std::string name = film.value("title", "");
    runs.push_back({name, std::move(film)});
  }
  return runs.size() < 2 ? "" : RenderSideBySide(std::move(runs), left, right, matrix.name);
}

void AddInterval(const std::string& name, const Interval& interval, Json* row) {
  if (interval.count > 0) {
    (*row)[name] = interval.mean;
  }
  if (interval.count > 1) {
    (*row)[name + ".low"] = interval.low;
    (*row)[name + ".high"] = interval.high;
  }
}

/// A metric's means by arm in a weather, over all demands and lights, and their differences.
void AddMeans(const Comparison& comparison, const std::string& metric, int32_t weather, Json* row) {
  const std::vector<Condition> conditions = comparison.OfWeather(weather);
  for (const Arm arm : comparison.matrix().arms) {
    AddInterval(LetterOf(arm), comparison.Mean(metric, conditions, arm), row);
  }
  for (const auto& pair : Pairs(comparison.matrix())) {
    const PairedDifference found =
        comparison.Difference(metric, conditions, pair.first, pair.second);
    AddInterval(PairName(pair), found.interval, row);
    if (found.interval.count > 1) {
      (*row)[PairName(pair) + ".p"] = found.p_value;
    }
  }
}

/// The numbers of a row under names of their own.
void AddToMetrics(const Json& row, Json* metrics) {
  for (const auto& [name, value] : row.items()) {
    if (value.is_number()) {
      (*metrics)[fmt::format("{}.{}.{}", row["weather"].get<std::string>(), name,
                             row["metric"].get<std::string>())] = value;
    }
  }
}

std::string Quoted(const std::string& text) {
  return text.find_first_of(",\"\n") == std::string::npos ? text : "\"" + text + "\"";
}

}  // namespace

std::string RenderMatrixReport(const Comparison& comparison, const MatrixState& state,
                               const std::vector<Picture>& pictures, const std::string& command,
                               const std::string& animation) {
  const std::string title = "Weather matrix: " + comparison.matrix().name;
  Html html;
  html.Trusted("<!DOCTYPE html>\n").Open("html", {{"lang", "en"}});
  html.Append(report::PageHead(title, PictureStyle())).Open("body").Open("header");
  html.Element("p", {{"class", "brand"}}, "tersor twin").Element("h1", {}, title).Close();
  html.Open("main").Open("section", {{"aria-label", "Summary"}});
  if (!command.empty()) {
    html.Open("pre", {{"class", "command"}, {"tabindex", "0"}, {"aria-label", "Command"}});
    html.Element("code", {}, command).Close();
  }
  html.Append(Tiles(comparison, state)).Open("p");
  if (!animation.empty()) {
    html.Element("a", {{"href", "./" + animation}}, "Watch the arms side by side").Text(" · ");
  }
  html.Element("a", {{"href", "./cells.csv"}}, "All runs as a table").Close().Close();
  html.Append(VerdictPart(comparison)).Append(FailurePart(state));
  html.Append(FigurePart(comparison));
  html.Open("section", {{"aria-labelledby", "pictures"}});
  html.Element("h2", {{"id", "pictures"}}, "Pictures");
  for (const Picture& picture : pictures) {
    html.Append(Figure(picture));
  }
  html.Close().Close().Open("script").Trusted(report::PageScript()).Close();
  return html.Close().Close().str();
}

std::string CellsAsCsv(const Comparison& comparison) {
  const std::vector<std::string> names = comparison.MetricNames();
  std::string out = "arm,weather,light,demand,seed";
  for (const std::string& name : names) {
    out += "," + name;
  }
  out += "\n";
  const Matrix& matrix = comparison.matrix();
  for (const Condition& condition : comparison.Conditions()) {
    for (const Arm arm : matrix.arms) {
      for (const uint64_t seed : matrix.seeds) {
        const CellResult* const result = comparison.Find(condition, arm, seed);
        if (result == nullptr) {
          continue;
        }
        out += fmt::format("{},{},{},{},{}", LetterOf(arm),
                           Quoted(matrix.weathers[static_cast<size_t>(condition.weather)].name),
                           condition.night ? "night" : "day", condition.demand, seed);
        for (const std::string& name : names) {
          const double value =
              result->Metric(name, ConditionName(matrix, condition.weather, condition.night));
          out += std::isfinite(value) ? fmt::format(",{}", value) : ",";
        }
        out += "\n";
      }
    }
  }
  return out;
}

Record SummaryOf(const Comparison& comparison, const MatrixState& state) {
  const Matrix& matrix = comparison.matrix();
  Record record;
  record.verb = "twin";
  record.seed = matrix.seeds.front();
  record.config = {{"matrix", matrix.name}, {"seeds", matrix.seeds}, {"demands", matrix.demands}};
  record.metrics["runs"] = state.done;
  record.metrics["runs_failed"] = state.failures.size();
  const std::vector<NamedMetric> metrics = HeadlineMetrics(comparison);
  for (size_t i = 0; i < metrics.size(); ++i) {
    for (int32_t weather = 0; weather < std::ssize(matrix.weathers); ++weather) {
      Json row = {{"weather", matrix.weathers[static_cast<size_t>(weather)].name},
                  {"metric", metrics[i].name}};
      AddMeans(comparison, metrics[i].name, weather, &row);
      record.rows.push_back(row);
      if (i < kVerdicts) {
        AddToMetrics(row, &record.metrics);
      }
    }
  }
  for (size_t i = 0; i < std::min(metrics.size(), kVerdicts); ++i) {
    for (const std::string& line : Verdict(comparison, metrics[i])) {
      record.rows.push_back({{"about", metrics[i].title}, {"verdict", line}});
    }
  }
  for (const CellResult& result : comparison.results()) {
    record.seconds += result.seconds;
  }
  return record;
}

Record WriteMatrixReport(const Matrix& matrix, const MatrixState& state, const std::string& output,
                         const std::string& command) {
  const Comparison comparison(matrix, ReadResults(matrix, output));
  TERSOR_CHECK(!comparison.results().empty(), output, ": no cell of the matrix has a result");
  const Network network = ImportNetwork(ConfigOf(matrix.base, 0).network);
  const std::vector<Picture> pictures = MatrixPictures(comparison, network);
  WritePictures(pictures, output + "/pictures");
  WriteFileAtomically(output + "/cells.csv", CellsAsCsv(comparison));
  const std::string animation = SideBySidePage(matrix, output);
  if (!animation.empty()) {
    WriteFileAtomically(output + "/animation.html", animation);
  }
  WriteFileAtomically(output + "/report.html",
                      RenderMatrixReport(comparison, state, pictures, command,
                                         animation.empty() ? "" : "animation.html"));
  const Record record = SummaryOf(comparison, state);
  WriteRecord(output + "/record.json", record);
  return record;
}

}  // namespace tersor::twin
