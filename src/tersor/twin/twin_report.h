// A run of the twin as one offline page: its figures, its conflicts and its pictures.
#ifndef TERSOR_TWIN_TWIN_REPORT_H_
#define TERSOR_TWIN_TWIN_REPORT_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tersor/twin/conflict_mark.h"
#include "tersor/twin/network.h"
#include "tersor/twin/picture.h"
#include "tersor/twin/recording.h"

namespace tersor::twin {

/// What a report is drawn from; the pointers must outlive its drawing.
struct TwinRun {
  const Network* network = nullptr;
  const Recording* recording = nullptr;
  std::vector<ConflictMark> conflicts;
  std::string title = "Traffic safety";
  std::string command = {};                                  // for the reader to repeat
  std::vector<std::pair<std::string, double>> metrics = {};  // tiles, beside the counted ones
  std::vector<int32_t> way = {};  // edges of the time-space diagram; default: BusiestWay()
  double state_interval = 60;     // s, of the fundamental diagram
  double braking_limit = 0;       // m/s^2, the road's mu * g; 0: not known
  /// The animation's file beside the page, to which conflicts link; "": none.
  std::string animation = {};
};

/// Every picture that the run has something for, with names of their own. Throws Error on a
/// network without lanes, and what the pictures throw.
std::vector<Picture> RunPictures(const TwinRun& run);

/// The page around `pictures`.
std::string RenderTwinReport(const TwinRun& run, const std::vector<Picture>& pictures);

/// Writes the page to `path` and every picture as a file of its own to `picture_folder` ("":
/// none).
void WriteTwinReport(const TwinRun& run, const std::string& path,
                     const std::string& picture_folder);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_TWIN_REPORT_H_
