// Collisions judged by the bodies on the map themselves, in every step, whoever drives them: an
// engine that looks at lanes misses those of vehicles that somebody else has moved.
#ifndef TERSOR_TWIN_COUPLING_COLLISIONS_H_
#define TERSOR_TWIN_COUPLING_COLLISIONS_H_

#include <cstdint>
#include <functional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tersor/twin/geometry.h"
#include "tersor/twin/network.h"
#include "tersor/twin/traffic.h"

namespace tersor::twin {

enum class CollisionType { kRearEnd, kLaneChange, kCrossing, kHeadOn };

/// rear-end, lane change, crossing, head-on.
std::string_view Name(CollisionType type);

/// By the angle between the headings, in degrees: below 30 rear-end, to 85 lane change (SSAM's
/// limits), then crossing, and above 150 head-on (chosen).
CollisionType CollisionTypeOf(double angle);

/// The first contact of a pair.
struct Collision {
  double time = 0;                  // s, of the first step in which the bodies overlap
  int32_t first = -1, second = -1;  // vehicles; the first is the faster one
  CollisionType type = CollisionType::kRearEnd;
  double angle = 0;           // degrees between the headings, 0 to 180
  double overlap = 0;         // m, by which the bodies are inside each other then
  double relative_speed = 0;  // m/s
  /// m/s by which a plastic impact changes either's velocity: relative_speed times the other's
  /// share of both masses.
  double delta_v_first = 0, delta_v_second = 0;
  double speed_first = 0, speed_second = 0;  // m/s
  Point point;                               // m, between the bodies' middles
  int32_t lane = -1;                         // of the first
};

struct CollisionRules {
  /// kg of a vehicle.
  std::function<double(int32_t vehicle)> mass = [](int32_t) { return 1.0; };
  /// Whether a pair of vehicles counts.
  std::function<bool(int32_t first, int32_t second, bool same_lane)> judged =
      [](int32_t, int32_t, bool) { return true; };
};

class CollisionWatch {
 public:
  explicit CollisionWatch(const Network& network, CollisionRules rules = {});

  /// Takes in the next snapshot; gives the contacts that are new in it. A pair counts once, however
  /// long it stays in contact or comes back to it. Bodies on roads that share no junction (a bridge
  /// over a road) do not touch.
  std::span<const Collision> Update(const Snapshot& now, std::span<const Vehicle> vehicles);

  const std::vector<Collision>& all() const { return all_; }

 private:
  bool SameLevel(int32_t lane, int32_t other) const;
  void Judge(const Snapshot& now, std::span<const Vehicle> vehicles, size_t a, size_t b);

  const CollisionRules rules_;
  std::vector<std::pair<int32_t, int32_t>> ends_;  // junctions, by lane
  std::set<std::pair<int32_t, int32_t>> known_;
  std::vector<std::pair<int64_t, size_t>> cells_;  // cell and row
  std::vector<Collision> all_;
};

/// One line a collision: time, vehicles, type, delta-v and by how much the bodies overlapped, which
/// is why it is one.
std::string CollisionsAsCsv(std::span<const Collision> collisions,
                            std::span<const Vehicle> vehicles, const Network& network);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_COUPLING_COLLISIONS_H_
