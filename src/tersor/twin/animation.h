// The run as a film: one self-contained page with the roads from above, everyone on them, signals
// and conflicts, drawn on a canvas by web/twin_*.js. It loads nothing from any network.
#ifndef TERSOR_TWIN_ANIMATION_H_
#define TERSOR_TWIN_ANIMATION_H_

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tersor/twin/conflict_mark.h"
#include "tersor/twin/network.h"
#include "tersor/twin/recording.h"
#include "tersor/util/json.h"

namespace tersor::twin {

struct AnimationOptions {
  std::string title = "Traffic";
  std::vector<bool> twins = {};  // by vehicle: these have a body of their own, and are marked
  /// From each time (s) on, how far in metres drivers see the vehicle ahead; the page shows it
  /// around the followed one. Empty: far enough.
  std::vector<std::pair<double, double>> sight = {};
};

/// What the page embeds; the same input gives the same bytes. Places are whole units of 2 cm,
/// angles of 360/4096 degrees, speeds and accelerations of 0.05 m/s and m/s^2, times of 1 ms; a
/// vehicle's numbers over the frames are a track, coded as differences (column_code.h).
Json AnimationData(const Network& network, const Recording& recording,
                   std::span<const ConflictMark> conflicts, const AnimationOptions& options);

/// The page. Throws Error on a recording without frames.
std::string RenderAnimation(const Network& network, const Recording& recording,
                            std::span<const ConflictMark> conflicts,
                            const AnimationOptions& options);

/// Renders the page and writes it atomically to `path`.
void WriteAnimation(const Network& network, const Recording& recording,
                    std::span<const ConflictMark> conflicts, const AnimationOptions& options,
                    const std::string& path);

/// A run of a page that shows two of several at a time.
struct AnimationRun {
  std::string name;  // by which it is chosen
  Json data;         // AnimationData() of one and the same network
};

/// A page on which any two of the runs play beside each other, at the same time, place and scale;
/// at first `left` and `right`. Throws Error without a run.
std::string RenderSideBySide(std::vector<AnimationRun> runs, size_t left, size_t right,
                             const std::string& title);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_ANIMATION_H_
