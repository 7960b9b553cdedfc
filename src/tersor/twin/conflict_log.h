// Conflicts: encounters in which a surrogate safety measure passed its threshold, and the files
// that list them.
#ifndef TERSOR_TWIN_CONFLICT_LOG_H_
#define TERSOR_TWIN_CONFLICT_LOG_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tersor/twin/exposure.h"
#include "tersor/twin/geometry.h"
#include "tersor/twin/ssm_measures.h"
#include "tersor/twin/traffic.h"

namespace tersor::twin {

/// How ego and foe stand to each other, by the codes of SUMO's SSM device.
enum class EncounterType : uint8_t {
  kNone = 0,               // no conflict ahead
  kFollower = 2,           // ego follows
  kLeader = 3,             // ego is followed
  kAdjacentLanes = 4,      // of one edge
  kMerging = 5,            // who comes first is not known yet
  kMergingLeader = 6,      // ego comes first
  kMergingFollower = 7,    // ego comes second
  kMergingAdjacent = 8,    // to adjacent lanes
  kCrossing = 9,           // who comes first is not known yet
  kCrossingLeader = 10,    // ego comes first
  kCrossingFollower = 11,  // ego comes second
  kEgoEntered = 12,        // ego is on the conflict area
  kFoeEntered = 13,        // foe is on the conflict area
  kEgoLeft = 14,           // ego has passed it, foe has not come yet
  kFoeLeft = 15,           // foe has passed it, ego has not come yet
  kBothEntered = 16,       // one has left, the other is on it
  kBothLeft = 17,          // both have passed
  kFollowingPassed = 18,   // they followed each other before
  kMergingPassed = 19,     // they were about to merge before
  kOncoming = 20,          // towards each other
  kCollision = 111,
};

/// A word for it, such as "crossing" or "following".
std::string_view Name(EncounterType type);

/// The worst value of a measure; NaN where it was never defined.
struct Extreme {
  double value = kNotAvailable;
  double time = kNotAvailable;                   // s
  Point position{kNotAvailable, kNotAvailable};  // of the conflict
  EncounterType type = EncounterType::kNone;
};

struct Conflict {
  double begin = 0, end = 0;   // s, of the whole encounter
  int32_t ego = -1, foe = -1;  // vehicles
  Extreme min_ttc{}, max_drac{}, pet{};
  // Not in SUMO 1.15.
  Extreme max_mdrac{}, min_box_ttc{};
  Extreme max_drac_to_grip{};  // DRAC / (mu g), mu under the one who has to brake
  Exposure exposure{};
};

/// Each pair's encounters once: of two records of one pair that overlap in time, the one that
/// began first stays (then the one whose ego departed first). Sorted by begin, ego, foe.
std::vector<Conflict> OncePerPair(std::vector<Conflict> conflicts);

/// SUMO's form: <SSMLog> of <conflict begin end ego foe> with <minTTC>, <maxDRAC> and <PET>, each
/// with time, position, type and value or "NA".
std::string ConflictsAsXml(std::span<const Conflict> conflicts, std::span<const Vehicle> vehicles,
                           int precision = 2);

/// One line a conflict, with what SUMO does not know at its end; empty fields where there is no
/// value.
std::string ConflictsAsCsv(std::span<const Conflict> conflicts, std::span<const Vehicle> vehicles,
                           int precision = 2);

/// A list of objects; null where there is no value.
std::string ConflictsAsJson(std::span<const Conflict> conflicts, std::span<const Vehicle> vehicles,
                            int precision = 2);

/// Writes one of the three by the name's end: .xml, .csv or .json. Throws Error for another name
/// and where the file cannot be written.
void WriteConflicts(const std::string& path, std::span<const Conflict> conflicts,
                    std::span<const Vehicle> vehicles, int precision = 2);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_CONFLICT_LOG_H_
