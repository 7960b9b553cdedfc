#include "tersor/report/table.h"

#include <algorithm>
#include <limits>
#include <map>

#include "tersor/report/number_format.h"

namespace tersor::report {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
constexpr size_t kMaxRecordColumns = 5;

/// Rows of one table and the union of their keys, in order of appearance.
struct RowGroup {
  std::vector<std::string> keys;
  std::vector<Json> rows;
};

std::vector<std::string> KeysOf(const Json& row) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : row.items()) {
    keys.push_back(key);
  }
  return keys;
}

bool SharesHalf(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  const auto shared = std::count_if(a.begin(), a.end(), [&](const std::string& key) {
    return std::find(b.begin(), b.end(), key) != b.end();
  });
  return static_cast<size_t>(shared) * 2 >= std::max(a.size(), b.size());
}

std::vector<RowGroup> GroupRows(std::span<const Json> rows) {
  std::vector<RowGroup> groups;
  for (const Json& item : rows) {
    const Json row = item.is_object() ? item : Json{{"value", item}};
    const std::vector<std::string> keys = KeysOf(row);
    auto group = std::find_if(groups.begin(), groups.end(),
                              [&](const RowGroup& g) { return SharesHalf(g.keys, keys); });
    if (group == groups.end()) {
      group = groups.insert(groups.end(), RowGroup{});
    }
    for (const std::string& key : keys) {
      if (std::find(group->keys.begin(), group->keys.end(), key) == group->keys.end()) {
        group->keys.push_back(key);
      }
    }
    group->rows.push_back(row);
  }
  return groups;
}

Table::Column NumberColumn(const std::string& title, std::span<const double> values) {
  Table::Column column{title, true, FormatColumn(values)};
  std::replace(column.cells.begin(), column.cells.end(), std::string("NaN"), std::string("–"));
  return column;
}

Table::Column ColumnOf(const RowGroup& group, const std::string& key) {
  bool numeric = false, text = false;
  std::vector<double> numbers;
  std::vector<std::string> texts;
  for (const Json& row : group.rows) {
    const auto cell = row.find(key);
    const bool present = cell != row.end() && !cell->is_null();
    numeric |= present && cell->is_number();
    text |= present && !cell->is_number();
    numbers.push_back(present && cell->is_number() ? cell->get<double>() : kMissing);
    texts.push_back(present ? PlainText(*cell) : "–");
  }
  return numeric && !text ? NumberColumn(Spaced(key), numbers)
                          : Table::Column{Spaced(key), false, std::move(texts)};
}

/// Rows become columns; every cell is already text.
Table Transposed(const Table& table) {
  Table out{table.caption, {}};
  Table::Column names{table.columns[0].title, false, {}};
  for (size_t c = 1; c < table.columns.size(); ++c) {
    names.cells.push_back(table.columns[c].title);
  }
  out.columns.push_back(names);
  for (size_t r = 0; r < table.columns[0].cells.size(); ++r) {
    Table::Column column{table.columns[0].cells[r], true, {}};
    for (size_t c = 1; c < table.columns.size(); ++c) {
      column.cells.push_back(table.columns[c].cells[r]);
    }
    out.columns.push_back(column);
  }
  return out;
}

/// Metric -> one value a record, for metrics of two records or more, in order of appearance.
std::vector<std::pair<std::string, std::vector<double>>> SharedMetrics(
    std::span<const RecordView> records) {
  std::vector<std::pair<std::string, std::vector<double>>> shared;
  std::map<std::string, size_t> index;
  std::map<std::string, int> owners;
  for (size_t r = 0; r < records.size(); ++r) {
    for (const auto& [name, value] : records[r].metrics) {
      const auto [it, added] = index.try_emplace(name, shared.size());
      if (added) {
        shared.emplace_back(name, std::vector<double>(records.size(), kMissing));
      }
      shared[it->second].second[r] = value;
      ++owners[name];
    }
  }
  std::erase_if(shared, [&](const auto& metric) { return owners[metric.first] < 2; });
  return shared;
}

}  // namespace

std::string Spaced(std::string name) {
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

std::vector<Table> TablesOfRows(std::span<const Json> rows) {
  std::vector<Table> tables;
  for (const RowGroup& group : GroupRows(rows)) {
    Table& table = tables.emplace_back();
    for (const std::string& key : group.keys) {
      table.columns.push_back(ColumnOf(group, key));
    }
  }
  return tables;
}

Table CompareMetrics(std::span<const RecordView> records) {
  const auto shared = SharedMetrics(records);
  if (shared.empty()) {
    return {};
  }
  // Built with a record a row, as decimals are shared along a metric.
  Table table{"Metrics that the results share", {}};
  Table::Column names{"result", false, {}};
  for (const RecordView& record : records) {
    names.cells.push_back(record.name);
  }
  table.columns.push_back(names);
  for (const auto& [name, values] : shared) {
    table.columns.push_back(NumberColumn(Spaced(name), values));
  }
  if (records.size() > kMaxRecordColumns) {
    return table;
  }
  Table transposed = Transposed(table);
  transposed.columns[0].title = "metric";
  return transposed;
}

Table BenchTable(std::span<const BenchRow> rows) {
  Table table;
  Table::Column name{"name", false, {}}, unit{"unit", false, {}}, peer_name{"peer", false, {}};
  Table::Column ours{"ours", true, {}}, peer{"peer's figure", true, {}};
  Table::Column ratio{"ratio", true, {}}, spread{"spread", true, {}};
  for (const BenchRow& row : rows) {
    const auto number = [](double v) { return v == v ? FormatNumber(v) : std::string("–"); };
    const auto times = [](double v) { return v == v ? FormatRatio(v) : std::string("–"); };
    name.cells.push_back(row.name);
    unit.cells.push_back(row.unit);
    peer_name.cells.push_back(row.peer_name);
    ours.cells.push_back(number(row.ours));
    peer.cells.push_back(number(row.peer));
    ratio.cells.push_back(times(row.ratio));
    spread.cells.push_back(times(row.ratio_low) + " to " + times(row.ratio_high));
  }
  table.columns = {name, ours, peer, unit, peer_name, ratio, spread};
  return table;
}

Html RenderTable(const Table& table) {
  Html html;
  html.Open("div", {{"class", "scroll"},
                    {"tabindex", "0"},
                    {"role", "group"},
                    {"aria-label", table.caption.empty() ? "Table" : table.caption}});
  html.Open("table");
  if (!table.caption.empty()) {
    html.Element("caption", {}, table.caption);
  }
  const auto align = [](const Table::Column& column) {
    return std::string(column.numeric ? "number" : "text");
  };
  html.Open("thead").Open("tr");
  for (const Table::Column& column : table.columns) {
    html.Element("th", {{"scope", "col"}, {"class", align(column)}}, column.title);
  }
  html.Close().Close().Open("tbody");
  const size_t rows = table.columns.empty() ? 0 : table.columns[0].cells.size();
  for (size_t r = 0; r < rows; ++r) {
    html.Open("tr");
    for (size_t c = 0; c < table.columns.size(); ++c) {
      const Table::Column& column = table.columns[c];
      if (c == 0 && !column.numeric) {
        html.Element("th", {{"scope", "row"}, {"class", "text"}}, column.cells[r]);
      } else {
        html.Element("td", {{"class", align(column)}}, column.cells[r]);
      }
    }
    html.Close();
  }
  html.Close().Close().Close();
  return html;
}

}  // namespace tersor::report
