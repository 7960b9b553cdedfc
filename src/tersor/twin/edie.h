// Flow, density and speed of a stretch of road over a time, from trajectories. Edie, "Discussion of
// traffic stream measurements and definitions" (1963): with d the metres driven and t the seconds
// spent by everyone in the region of road times time, flow = d / area, density = t / area, speed =
// d / t.
#ifndef TERSOR_TWIN_EDIE_H_
#define TERSOR_TWIN_EDIE_H_

#include <cstdint>
#include <vector>

#include "tersor/twin/network.h"
#include "tersor/twin/recording.h"

namespace tersor::twin {

struct EdgeState {
  int32_t edge = -1;
  double begin = 0, end = 0;  // s
  double flow = 0;            // vehicles an hour and lane
  double density = 0;         // vehicles a kilometre and lane
  double speed = 0;           // m/s; 0 where nobody was
};

/// Every normal edge in every full interval of `interval` s from the first frame on, by edge, then
/// time. Between two frames a vehicle moves evenly; where it changes its edge, the way driven, by
/// its mean speed or at least what the positions show, is divided between the old edge's rest, the
/// new edge's beginning and, for what remains, the junction. A step counts for the interval of its
/// middle. Throws Error on an interval that is not positive.
std::vector<EdgeState> EdieStates(const Network& network, const Recording& recording,
                                  double interval);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_EDIE_H_
