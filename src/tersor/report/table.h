// Tables: columns found in the rows of a record, numbers rounded and aligned by column.
#ifndef TERSOR_REPORT_TABLE_H_
#define TERSOR_REPORT_TABLE_H_

#include <span>
#include <string>
#include <vector>

#include "tersor/report/html.h"
#include "tersor/report/record_view.h"

namespace tersor::report {

struct Table {
  struct Column {
    std::string title;
    bool numeric = false;            // aligned right
    std::vector<std::string> cells;  // one a row; "" where the row has none
  };
  std::string caption;
  std::vector<Column> columns;  // the first names the row
};

/// Tables of `rows`: rows that share at least half of their keys stand in one table, in the order
/// of the record. A row that is no object becomes the cell of a column "value".
std::vector<Table> TablesOfRows(std::span<const Json> rows);

/// Every metric that at least two of `records` have: one metric a row, one record a column, and
/// the other way round for more than five records. No columns when nothing is shared.
Table CompareMetrics(std::span<const RecordView> records);

Table BenchTable(std::span<const BenchRow> rows);

Html RenderTable(const Table& table);

/// "bits_per_byte" as "bits per byte".
std::string Spaced(std::string name);

}  // namespace tersor::report

#endif  // TERSOR_REPORT_TABLE_H_
