// The report: one self-contained HTML page drawn from result records. It loads nothing from any
// network, and its content security policy forbids it to.
#ifndef TERSOR_REPORT_PAGE_H_
#define TERSOR_REPORT_PAGE_H_

#include <span>
#include <string>
#include <vector>

#include "tersor/util/json.h"

namespace tersor::report {

struct PageOptions {
  std::string title = {};    // default: the name of the only record, or their number
  std::string command = {};  // the command line that made the records, for the reader to repeat
  std::vector<std::string> names = {};  // what to call each record; default: its verb
};

/// The page for `records` (the format of util/record.h, plus "samples": [{"title", "text"}] and
/// "command"). Each record is a section; several records begin with a table of the metrics and a
/// chart of the curves they share. Throws Error when there is no record or when one has a field of
/// the wrong type or length, naming both.
std::string RenderPage(std::span<const Json> records, const PageOptions& options = {});

/// Renders the page and writes it atomically to `path`.
void WritePage(std::span<const Json> records, const PageOptions& options, const std::string& path);

}  // namespace tersor::report

#endif  // TERSOR_REPORT_PAGE_H_
