// The metrics of a run as JSON lines, one object a line with its "step".
#ifndef TERSOR_TRAIN_METRICS_LOG_H_
#define TERSOR_TRAIN_METRICS_LOG_H_

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "tersor/util/json.h"

namespace tersor::train {

class MetricsLog {
 public:
  /// Opens for appending after `step`: lines of later steps, which a resumed run will write again,
  /// are dropped. Throws Error naming the path.
  MetricsLog(const std::string& path, int64_t step);
  ~MetricsLog();
  MetricsLog(const MetricsLog&) = delete;
  MetricsLog& operator=(const MetricsLog&) = delete;

  /// Writes one line at once, so that a kill loses at most the line being written.
  void Append(const Json& line);

 private:
  std::string path_;
  std::FILE* file_ = nullptr;
};

/// All complete lines; an unfinished last line, as a kill leaves it, is ignored.
std::vector<Json> ReadMetrics(const std::string& path);

}  // namespace tersor::train

#endif  // TERSOR_TRAIN_METRICS_LOG_H_
