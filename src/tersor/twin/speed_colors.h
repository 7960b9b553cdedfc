// The colours that stand for speeds in every picture of the twin: from red-brown for standing over
// yellow to blue for free flow. Lightness tells both halves apart from the middle, and yellow from
// blue is safe for colour-blind readers; all show on white and on black.
#ifndef TERSOR_TWIN_SPEED_COLORS_H_
#define TERSOR_TWIN_SPEED_COLORS_H_

#include <array>
#include <string>

#include "tersor/twin/recording.h"

namespace tersor::twin {

inline constexpr std::array<const char*, 5> kSpeedColors = {"#b5301c", "#e07b22", "#d9b23c",
                                                            "#4aa3a2", "#2a6fb5"};

/// The colour at `share` of the way, 0 to 1, as "#rrggbb".
std::string SpeedColor(double share);

/// The speed of the last colour: the fastest recorded, rounded up to 5 m/s.
double TopSpeed(const Recording& recording);  // m/s

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_SPEED_COLORS_H_
