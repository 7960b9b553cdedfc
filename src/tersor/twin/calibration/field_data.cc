#include "tersor/twin/calibration/field_data.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>

#include "tersor/twin/normal_distribution.h"
#include "tersor/twin/quantile.h"
#include "tersor/twin/xml_reader.h"
#include "tersor/util/error.h"
#include "tersor/util/file.h"

namespace tersor::twin {
namespace {

constexpr double kKmhPerMps = 3.6;
constexpr size_t kFewestRows = 10;

std::string_view Trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r");
  return first == std::string_view::npos
             ? std::string_view()
             : text.substr(first, text.find_last_not_of(" \t\r") + 1 - first);
}

/// A table of texts with a head; cells are named by line and column in messages.
class CsvTable {
 public:
  explicit CsvTable(const std::string& path) : path_(path) {
    const std::string text = ReadFile(path);
    int line = 0;
    for (std::string_view rest = text; !rest.empty();) {
      const size_t end = rest.find('\n');
      const std::string_view one = Trimmed(rest.substr(0, end));
      rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
      ++line;
      if (one.empty() || one.front() == '#') {
        continue;
      }
      std::vector<std::string> cells = Split(one);
      if (head_.empty()) {
        head_ = std::move(cells);
        continue;
      }
      TERSOR_CHECK(cells.size() == head_.size(), path_, ":", line, ": ", cells.size(),
                   " cells, but the head has ", head_.size());
      rows_.push_back(std::move(cells));
      lines_.push_back(line);
    }
    TERSOR_CHECK(!head_.empty(), path_, ": no head of columns");
  }

  size_t size() const { return rows_.size(); }
  const std::vector<std::string>& head() const { return head_; }
  std::optional<size_t> Find(std::string_view column) const {
    const auto found = std::ranges::find(head_, column);
    return found == head_.end() ? std::nullopt
                                : std::optional(static_cast<size_t>(found - head_.begin()));
  }
  size_t Column(std::string_view column) const {
    const std::optional<size_t> found = Find(column);
    TERSOR_CHECK(found, path_, ": no column ", column);
    return *found;
  }
  const std::string& Text(size_t row, size_t column) const { return rows_[row][column]; }
  double Number(size_t row, size_t column) const {
    const std::optional<double> number = ParseNumber(Text(row, column));
    TERSOR_CHECK(number && std::isfinite(*number), At(row), ": ", head_[column], " is '",
                 Text(row, column), "', not a number");
    return *number;
  }
  double Positive(size_t row, size_t column) const {
    const double number = Number(row, column);
    TERSOR_CHECK(number > 0, At(row), ": ", head_[column], " is ", number, "; it must be above 0");
    return number;
  }
  std::string At(size_t row) const { return path_ + ":" + std::to_string(lines_[row]); }

 private:
  static std::vector<std::string> Split(std::string_view line) {
    std::vector<std::string> cells;
    while (true) {
      const size_t comma = line.find(',');
      cells.emplace_back(Trimmed(line.substr(0, comma)));
      if (comma == std::string_view::npos) {
        return cells;
      }
      line.remove_prefix(comma + 1);
    }
  }

  std::string path_;
  std::vector<std::string> head_;
  std::vector<std::vector<std::string>> rows_;
  std::vector<int> lines_;
};

/// The measure that a name stands for, and what its values are divided by.
std::optional<std::pair<size_t, double>> MeasureOf(std::string_view name) {
  if (name == "speed_kmh") {
    return std::pair{size_t{kSpeedMeasure}, kKmhPerMps};
  }
  const auto found = std::ranges::find(kMeasureNames, name);
  if (found == kMeasureNames.end()) {
    return std::nullopt;
  }
  return std::pair{static_cast<size_t>(found - kMeasureNames.begin()), 1.0};
}

/// 0.1 of "p10".
std::optional<double> ShareOf(std::string_view column) {
  if (!column.starts_with('p')) {
    return std::nullopt;
  }
  const std::optional<double> percent = ParseNumber(column.substr(1));
  return percent && *percent > 0 && *percent < 100 ? std::optional(*percent / 100) : std::nullopt;
}

}  // namespace

std::vector<DriverRow> ReadDriverRows(const std::string& path) {
  const CsvTable table(path);
  std::array<size_t, kNumMeasures> columns = {};
  DriverRow scale = {1, 1, 1, 1};
  for (size_t m = 0; m < kNumMeasures; ++m) {
    if (m == kSpeedMeasure && !table.Find(kMeasureNames[m])) {
      columns[m] = table.Column("speed_kmh");
      scale[m] = kKmhPerMps;
    } else {
      columns[m] = table.Column(kMeasureNames[m]);
    }
  }
  std::vector<DriverRow> rows(table.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    for (size_t m = 0; m < kNumMeasures; ++m) {
      rows[i][m] = table.Positive(i, columns[m]) / scale[m];
    }
  }
  TERSOR_CHECK(rows.size() >= kFewestRows, path, ": ", rows.size(),
               " drivers; a distribution needs ", kFewestRows, " at least");
  return rows;
}

FieldDistribution FieldDistribution::OfSample(std::vector<double> values) {
  FieldDistribution result;
  result.sampled_ = true;
  std::ranges::sort(values);
  for (const double value : values) {
    result.mean_ += value / static_cast<double>(values.size());
  }
  result.values_ = std::move(values);
  return result;
}

FieldDistribution FieldDistribution::OfPercentiles(
    std::vector<std::pair<double, double>> percentiles) {
  FieldDistribution result;
  for (const auto& [share, value] : percentiles) {
    result.shares_.push_back(share);
    result.percentiles_.emplace_back(NormalQuantile(share), value);
  }
  constexpr int kParts = 1000;
  for (int i = 0; i < kParts; ++i) {
    result.mean_ += result.Quantile((i + 0.5) / kParts) / kParts;
  }
  return result;
}

double FieldDistribution::Quantile(double share) const {
  if (sampled_) {
    return SortedQuantile(values_, share);
  }
  constexpr double kFarthest = 0.01;  // tails that nobody measured end here
  const double z = NormalQuantile(std::clamp(share, kFarthest, 1 - kFarthest));
  const auto& points = percentiles_;
  size_t next = 1;
  while (next + 1 < points.size() && points[next].first < z) {
    ++next;
  }
  const auto& [z0, v0] = points[next - 1];
  const auto& [z1, v1] = points[next];
  // Beyond the first one, values stay above 0 by a tenth of it.
  return std::max(v0 + (v1 - v0) * (z - z0) / (z1 - z0), points.front().second / 10);
}

double FieldDistribution::Distance(std::vector<double> sample) const {
  if (sample.empty()) {
    return 1;
  }
  std::ranges::sort(sample);
  const auto below = [](const std::vector<double>& values, double at) {
    return static_cast<double>(std::ranges::upper_bound(values, at) - values.begin()) /
           static_cast<double>(values.size());
  };
  double distance = 0;
  if (sampled_) {
    for (const std::vector<double>* values : {&std::as_const(sample), &values_}) {
      for (const double value : *values) {
        distance = std::max(distance, std::abs(below(sample, value) - below(values_, value)));
      }
    }
    return distance;
  }
  for (size_t i = 0; i < shares_.size(); ++i) {
    distance = std::max(distance, std::abs(below(sample, percentiles_[i].second) - shares_[i]));
  }
  return distance;
}

Target TargetOfRows(const std::vector<DriverRow>& rows) {
  Target target;
  for (size_t m = 0; m < kNumMeasures; ++m) {
    std::vector<double> values;
    for (const DriverRow& row : rows) {
      values.push_back(row[m]);
    }
    target[m] = FieldDistribution::OfSample(std::move(values));
  }
  return target;
}

Target ReadPercentiles(const std::string& path) {
  const CsvTable table(path);
  const size_t name = table.Column("measure");
  std::vector<std::pair<double, size_t>> columns;  // share, column
  for (size_t c = 0; c < table.head().size(); ++c) {
    if (const std::optional<double> share = ShareOf(table.head()[c])) {
      columns.emplace_back(*share, c);
    }
  }
  std::ranges::sort(columns);
  TERSOR_CHECK(columns.size() >= 2, path, ": percentiles are columns p10, p50, ...; two at least");
  Target target;
  std::array<bool, kNumMeasures> known = {};
  for (size_t i = 0; i < table.size(); ++i) {
    const auto measure = MeasureOf(table.Text(i, name));
    TERSOR_CHECK(measure, table.At(i), ": measure '", table.Text(i, name),
                 "' is not known; there are speed_mps, speed_kmh, accel_mps2, decel_mps2 and "
                 "headway_s");
    const auto [m, scale] = *measure;
    TERSOR_CHECK(!known[m], table.At(i), ": ", table.Text(i, name), " a second time");
    known[m] = true;
    std::vector<std::pair<double, double>> percentiles;
    for (const auto& [share, column] : columns) {
      const double value = table.Positive(i, column) / scale;
      TERSOR_CHECK(percentiles.empty() || value > percentiles.back().second, table.At(i), ": ",
                   table.head()[column], " is not above the percentile below it");
      percentiles.emplace_back(share, value);
    }
    target[m] = FieldDistribution::OfPercentiles(std::move(percentiles));
  }
  for (size_t m = 0; m < kNumMeasures; ++m) {
    TERSOR_CHECK(known[m], path, ": no line of ", kMeasureNames[m]);
  }
  return target;
}

std::vector<EdgeCount> ReadCounts(const std::string& path) {
  const CsvTable table(path);
  const size_t edge = table.Column("edge"), begin = table.Column("begin"),
               end = table.Column("end"), count = table.Column("count");
  std::vector<EdgeCount> counts;
  for (size_t i = 0; i < table.size(); ++i) {
    counts.push_back({table.Text(i, edge), table.Number(i, begin), table.Number(i, end),
                      table.Number(i, count)});
    TERSOR_CHECK(counts.back().end > counts.back().begin, table.At(i), ": end must be after begin");
    TERSOR_CHECK(counts.back().count >= 0, table.At(i), ": count is ", counts.back().count,
                 "; it must not be negative");
  }
  TERSOR_CHECK(!counts.empty(), path, ": no counts");
  return counts;
}

double Geh(double modelled, double counted) {
  const double sum = modelled + counted;
  return sum > 0 ? std::sqrt(2 * (modelled - counted) * (modelled - counted) / sum) : 0;
}

}  // namespace tersor::twin
