// The runs of a claim: this program again for each, and its record.
#ifndef TERSOR_APPS_TERSOR_CELL_RUNNER_H_
#define TERSOR_APPS_TERSOR_CELL_RUNNER_H_

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "claim.h"
#include "tersor/util/json.h"

namespace tersor::cli {

struct CellRun {
  std::string name;  // file name of its record
  ClaimCell cell;
  uint64_t seed = 0;
};

class CellRunner {
 public:
  /// Records go to the folder `out`; `threads` 0: all cores.
  CellRunner(std::string resources, std::string out, int64_t threads);

  /// The records of the runs. One that the very same command finished before is kept. With
  /// `side_by_side` as many run at a time as there are threads, of one thread each, and what they
  /// say goes to OUT/NAME.log. Throws Error where one fails or the user interrupts; what is done
  /// stays.
  std::vector<Json> Run(const std::vector<CellRun>& runs, bool side_by_side) const;

 private:
  struct Work;
  std::vector<std::string> Arguments(const CellRun& run, int64_t threads) const;
  std::string RecordPath(const CellRun& run) const { return out_ + "/" + run.name + ".json"; }
  std::string LogPath(const CellRun& run) const { return out_ + "/" + run.name + ".log"; }
  pid_t Start(const Work& work, bool side_by_side) const;
  void RunMissing(const std::vector<const Work*>& missing, bool side_by_side) const;

  std::string resources_, out_;
  int64_t threads_;
};

}  // namespace tersor::cli

#endif  // TERSOR_APPS_TERSOR_CELL_RUNNER_H_
