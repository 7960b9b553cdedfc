#include "tersor/twin/speed_colors.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace tersor::twin {

std::string SpeedColor(double share) {
  const double at = std::clamp(share, 0.0, 1.0) * (kSpeedColors.size() - 1);
  const size_t low = std::min(static_cast<size_t>(at), kSpeedColors.size() - 2);
  const double part = at - static_cast<double>(low);
  const long from = std::strtol(kSpeedColors[low] + 1, nullptr, 16);
  const long to = std::strtol(kSpeedColors[low + 1] + 1, nullptr, 16);
  long color = 0;
  for (const int shift : {16, 8, 0}) {
    const double a = static_cast<double>(from >> shift & 255);
    const double b = static_cast<double>(to >> shift & 255);
    color = color << 8 | std::lround(a + part * (b - a));
  }
  return fmt::format("#{:06x}", color);
}

double TopSpeed(const Recording& recording) {
  float top = 1;
  for (const float speed : recording.speed) {
    top = std::max(top, speed);
  }
  return std::ceil(top / 5.0) * 5;
}

}  // namespace tersor::twin
