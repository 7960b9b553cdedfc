// `tersor report`: result records to one offline page.
#include <fmt/core.h>

#include "cli.h"
#include "tersor/report/page.h"
#include "tersor/util/json.h"
#include "verbs.h"

namespace tersor::cli {

int RunReport(int argc, char** argv) {
  std::vector<std::string> paths;
  std::string output = "report.html", title;
  CommandLine line("report", "Draw result records as one offline HTML page.",
                   "tersor report out/demo/record.json -o report.html");
  line.Positionals("records", "result records (JSON) of any verb", &paths, 1)
      .Option("-o,--output", "the page to write", &output)
      .Option("--title", "heading of the page", &title);
  if (!line.Parse(argc, argv)) {
    return 0;
  }
  std::vector<Json> records;
  for (const std::string& path : paths) {
    records.push_back(ReadJsonFile(path));
  }
  report::PageOptions options;
  if (!title.empty()) {
    options.title = title;
  }
  report::WritePage(records, options, output);
  fmt::print("{}\n", output);
  return 0;
}

}  // namespace tersor::cli
