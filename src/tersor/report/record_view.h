// A result record as the page wants it: checked once, then plain values.
#ifndef TERSOR_REPORT_RECORD_VIEW_H_
#define TERSOR_REPORT_RECORD_VIEW_H_

#include <string>
#include <utility>
#include <vector>

#include "tersor/report/cell_map.h"
#include "tersor/util/json.h"

namespace tersor::report {

/// One line of a chart. Missing values are NaN.
struct Curve {
  std::string name;
  std::string x_label, y_label;
  std::vector<double> x, y;  // of one length
  bool inner = false;        // of interest within its record only: not compared with others
};

/// One row of a benchmark: ours against a peer in the same run; ratio > 1: ours is better.
struct BenchRow {
  std::string name, unit, peer_name;
  double ours, peer, ratio, ratio_low, ratio_high;  // NaN where missing
};

struct Sample {
  std::string title, text;
};

struct RecordView {
  std::string name;  // what the page calls the record
  std::string verb, version, command;
  std::string seed;                                        // "" when absent
  double seconds = -1;                                     // negative when absent
  std::vector<std::pair<std::string, double>> metrics;     // numbers; null reads as NaN
  std::vector<std::pair<std::string, std::string>> notes;  // metrics that are no numbers
  std::vector<BenchRow> bench;
  std::vector<Json> rows;  // every other row
  std::vector<Curve> curves;
  std::vector<CellMap> maps;
  std::vector<Sample> samples;
  // "model.dim" -> "256", nested objects joined by dots
  std::vector<std::pair<std::string, std::string>> machine, config;
};

/// Reads `record`; `name` stands for it in messages and on the page (the verb when empty). Throws
/// Error naming the field whose type or length is wrong; absent fields are empty.
RecordView ViewRecord(const Json& record, const std::string& name);

/// `value` as text for a reader: numbers formatted, strings as they are, lists joined by commas,
/// shortened where long or deep.
std::string PlainText(const Json& value);

}  // namespace tersor::report

#endif  // TERSOR_REPORT_RECORD_VIEW_H_
