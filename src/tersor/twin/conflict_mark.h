// What the pictures show of a conflict between two vehicles.
#ifndef TERSOR_TWIN_CONFLICT_MARK_H_
#define TERSOR_TWIN_CONFLICT_MARK_H_

#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "tersor/twin/geometry.h"

namespace tersor::twin {

/// A mark without a finite place or time stands in the tables but not on the maps.
struct ConflictMark {
  int32_t first = -1, second = -1;  // vehicles of the recording; -1: not known
  double begin = 0, end = 0;        // s
  double time = 0;                  // s, of the most severe moment
  Point point;                      // where that is
  std::string type;                 // following, merging, crossing, oncoming, ...
  // NaN: not defined.
  double ttc = std::numeric_limits<double>::quiet_NaN();   // s, the smallest
  double drac = std::numeric_limits<double>::quiet_NaN();  // m/s^2, the largest
  double pet = std::numeric_limits<double>::quiet_NaN();   // s
};

/// Bands of severity by time to collision: 0 above 1.5 s or not defined, 1 up to 1.5 s (SSAM's
/// critical value), 2 up to 1.0 s, 3 up to 0.5 s.
inline constexpr std::array<double, 3> kSeverityTtc = {1.5, 1.0, 0.5};  // s
int SeverityBand(const ConflictMark& conflict);

/// The types that occur, sorted; a type's index is its colour in every picture.
std::vector<std::string> ConflictTypes(std::span<const ConflictMark> conflicts);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_CONFLICT_MARK_H_
