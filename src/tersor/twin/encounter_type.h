// How two vehicles stand to each other and how far each is from where their paths meet.
#ifndef TERSOR_TWIN_ENCOUNTER_TYPE_H_
#define TERSOR_TWIN_ENCOUNTER_TYPE_H_

#include <cstdint>
#include <optional>

#include "tersor/twin/conflict_log.h"
#include "tersor/twin/route_paths.h"
#include "tersor/twin/ssm_measures.h"
#include "tersor/twin/surroundings.h"

namespace tersor::twin {

/// Distances are in m; kNever where there is none. A follower's entry is the gap to its leader; of
/// those that merge, the way to the first common lane; of those that cross, the way to the area.
struct Meeting {
  EncounterType type = EncounterType::kNone;
  double ego_entry = kNever, foe_entry = kNever;
  double ego_exit = kNever, foe_exit = kNever;
  double ego_area = kNever, foe_area = kNever;  // lengths of the area along each one's way
};

/// Classifies by the rules of SUMO's SSM device; who comes first of those that merge or cross is
/// left open.
class EncounterClassifier {
 public:
  EncounterClassifier(const RoadTables& map, const RoutePaths& paths, double range)
      : map_(map), paths_(paths), range_(range) {}

  Meeting Classify(const Frame& frame, int32_t ego, const Foe& foe) const;

 private:
  struct Approach {
    int32_t lane = -1;    // -1: it does not come there
    double distance = 0;  // m to the lane's beginning
  };

  // The lane on which the foe gets to the edge or the junction of ego's conflict lane.
  Approach FoeApproach(const Frame& frame, int32_t foe, int32_t conflict_lane) const;
  Meeting OnEdge(const Frame& frame, int32_t ego, const Foe& foe, const Approach& approach) const;
  Meeting OnJunction(const Frame& frame, int32_t ego, const Foe& foe,
                     const Approach& approach) const;
  // Both take the same way across a junction.
  Meeting OnOneWay(const Frame& frame, int32_t ego, const Foe& foe, const Approach& approach) const;
  void Merge(const Frame& frame, int32_t ego, const Foe& foe, const Approach& approach,
             Meeting* meeting) const;
  void Cross(const Frame& frame, int32_t ego, const Foe& foe, const Approach& approach,
             Meeting* meeting) const;
  // m of the internal lane before this one; 0 where there is none.
  double LengthBefore(int32_t lane) const;

  const RoadTables& map_;
  const RoutePaths& paths_;
  double range_;
};

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_ENCOUNTER_TYPE_H_
