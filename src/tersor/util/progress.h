// Progress of long work on stderr: a bar with rate and time left on a terminal, plain lines (one at
// most every few seconds) otherwise.
#ifndef TERSOR_UTIL_PROGRESS_H_
#define TERSOR_UTIL_PROGRESS_H_

#include <chrono>
#include <cstdint>
#include <string>

namespace tersor {

class Progress {
 public:
  /// `total` items of `unit` ("step", "token"); total 0 means unknown. `start`: items that an
  /// earlier run finished, which count for the position but not for the rate. An empty label draws
  /// nothing (ranks that do not lead).
  Progress(std::string label, int64_t total, std::string unit, int64_t start = 0);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Moves to `done` items; `note` (such as "loss 3.21") stands at the end of the line.
  void Update(int64_t done, const std::string& note = "");

  /// Changes the total, where the work turns out shorter or longer.
  void SetTotal(int64_t total) { total_ = total; }

  /// Prints `line` above the bar.
  void Line(const std::string& line);

  /// Ends the bar; later calls do nothing. The destructor calls it.
  void Finish();

 private:
  void Draw(const std::string& note, bool last);

  using Clock = std::chrono::steady_clock;
  std::string label_, unit_, note_;
  int64_t total_, start_, done_;
  Clock::time_point began_, drawn_;
  bool terminal_, finished_ = false;
};

/// "1h 02m", "3m 05s", "4.2s".
std::string FormatDuration(double seconds);

}  // namespace tersor

#endif  // TERSOR_UTIL_PROGRESS_H_
