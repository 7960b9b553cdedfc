#include "tersor/report/table.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tersor::report {
namespace {

using Strings = std::vector<std::string>;

std::vector<Json> Rows(const char* text) { return Json::parse(text).get<std::vector<Json>>(); }

TEST(TableTest, RowsOfOneKindShareATable) {
  const auto tables = TablesOfRows(Rows(R"([{"layer": "a", "error": 0.5, "bits": 4},
    {"layer": "b", "error": 0.25, "note": "kept"}, {"other": 1, "thing": 2}])"));
  ASSERT_EQ(tables.size(), 2u);
  ASSERT_EQ(tables[0].columns.size(), 4u);
  EXPECT_EQ(tables[0].columns[0].cells, (Strings{"a", "b"}));
  EXPECT_FALSE(tables[0].columns[0].numeric);
  EXPECT_EQ(tables[0].columns[1].cells, (Strings{"0.5000", "0.2500"}));
  EXPECT_TRUE(tables[0].columns[1].numeric);
  EXPECT_EQ(tables[0].columns[2].cells, (Strings{"4", "–"}));
  EXPECT_EQ(tables[0].columns[3].cells, (Strings{"–", "kept"}));
}

TEST(TableTest, OddRowsBecomeCells) {
  const auto tables = TablesOfRows(Rows(R"([1, "two", [3, 4], null, {}])"));
  ASSERT_GE(tables.size(), 1u);
  EXPECT_EQ(tables[0].columns[0].cells[1], "two");
  EXPECT_EQ(tables[0].columns[0].cells[2], "3, 4");
  EXPECT_TRUE(TablesOfRows({}).empty());
}

RecordView WithMetrics(const std::string& name,
                       std::vector<std::pair<std::string, double>> metrics) {
  RecordView view;
  view.name = name;
  view.metrics = std::move(metrics);
  return view;
}

TEST(TableTest, ComparesSharedMetricsOnly) {
  const std::vector<RecordView> records = {
      WithMetrics("a", {{"bits_per_byte", 1.25}, {"only_a", 1}}),
      WithMetrics("b", {{"bits_per_byte", 1.5}}), WithMetrics("c", {{"only_c", 2}})};
  const Table table = CompareMetrics(records);
  ASSERT_EQ(table.columns.size(), 4u);
  EXPECT_EQ(table.columns[0].cells, Strings{"bits per byte"});
  EXPECT_EQ(table.columns[1].title, "a");
  EXPECT_EQ(table.columns[1].cells, Strings{"1.250"});
  EXPECT_EQ(table.columns[3].cells, Strings{"–"});
}

TEST(TableTest, ManyRecordsStandInRows) {
  std::vector<RecordView> records;
  for (int i = 0; i < 7; ++i) {
    records.push_back(WithMetrics("r" + std::to_string(i), {{"loss", i + 0.5}}));
  }
  const Table table = CompareMetrics(records);
  ASSERT_EQ(table.columns.size(), 2u);
  EXPECT_EQ(table.columns[0].cells.size(), 7u);
  EXPECT_EQ(table.columns[1].title, "loss");
}

TEST(TableTest, NothingSharedGivesNoColumns) {
  const std::vector<RecordView> records = {WithMetrics("a", {{"x", 1}}),
                                           WithMetrics("b", {{"y", 1}})};
  EXPECT_TRUE(CompareMetrics(records).columns.empty());
}

}  // namespace
}  // namespace tersor::report
