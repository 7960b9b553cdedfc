#include "tersor/twin/encounter_type.h"

#include <span>

namespace tersor::twin {
namespace {

size_t Index(int32_t index) { return static_cast<size_t>(index); }

}  // namespace

double EncounterClassifier::LengthBefore(int32_t lane) const {
  const int32_t before = map_.topology.before[Index(lane)];
  return before >= 0 ? map_.lane(before).length : 0;
}

EncounterClassifier::Approach EncounterClassifier::FoeApproach(const Frame& frame, int32_t foe,
                                                               int32_t conflict_lane) const {
  const LaneTopology& topology = map_.topology;
  const int32_t junction = topology.junction[Index(conflict_lane)];
  const int32_t conflict_edge = map_.lane(conflict_lane).edge;
  const std::span<const PathStep> steps = paths_.Steps(frame.path[Index(foe)]);
  int32_t lane = frame.lane(foe);
  double distance = -frame.position(foe);
  if (map_.internal(lane)) {
    if (junction >= 0 && topology.junction[Index(lane)] == junction) {
      if (topology.after[Index(conflict_lane)] == lane) {
        distance += map_.lane(conflict_lane).length;
      }
      return {lane, distance};
    }
    for (; lane >= 0; lane = topology.after[Index(lane)]) {
      distance += map_.lane(lane).length;
    }
  }
  for (const PathStep& step : steps) {
    if (distance > range_) {
      break;
    }
    if (map_.lane(step.lane).edge == conflict_edge) {
      return {step.lane, distance};
    }
    distance += map_.lane(step.lane).length;
    if (step.connection < 0) {
      break;
    }
    const int32_t via = map_.connection(step.connection).via;
    if (via >= 0 && junction >= 0 && topology.junction[Index(via)] == junction) {
      return {via, distance};
    }
    distance += topology.internal_length[Index(step.connection)];
  }
  return {};
}

Meeting EncounterClassifier::Classify(const Frame& frame, int32_t ego, const Foe& foe) const {
  const Approach approach = FoeApproach(frame, foe.row, foe.conflict_lane);
  if (approach.lane < 0) {
    return {};
  }
  return map_.internal(foe.conflict_lane) ? OnJunction(frame, ego, foe, approach)
                                          : OnEdge(frame, ego, foe, approach);
}

// Not on a junction, so that one follows the other, drives beside it or comes towards it.
Meeting EncounterClassifier::OnEdge(const Frame& frame, int32_t ego, const Foe& foe,
                                    const Approach& approach) const {
  Meeting meeting{.type = EncounterType::kAdjacentLanes};
  const int32_t ego_lane = frame.lane(ego), foe_lane = frame.lane(foe.row);
  const bool ego_opposite = frame.opposite[Index(ego)] != 0;
  const bool foe_opposite = frame.opposite[Index(foe.row)] != 0;
  if (ego_lane == foe_lane && ego_lane == foe.conflict_lane && ego_opposite != foe_opposite) {
    const double ahead = ego_opposite ? frame.position(ego) - frame.position(foe.row)
                                      : frame.position(foe.row) - frame.position(ego);
    meeting.type = ahead > 0 ? EncounterType::kOncoming : EncounterType::kNone;
    meeting.ego_entry = meeting.foe_entry = ahead > 0 ? ahead : kNever;
    return meeting;
  }
  const double sense = ego_opposite ? -1 : 1;
  if (foe.conflict_lane != ego_lane) {
    if (foe_lane == foe.conflict_lane) {
      meeting.type = EncounterType::kFollower;
      meeting.ego_entry = foe.distance + frame.back(foe.row);
    }
  } else if (foe_lane == ego_lane) {
    if (sense * (frame.position(ego) - frame.position(foe.row)) > 0) {
      meeting.type = EncounterType::kLeader;
      meeting.foe_entry = sense * (frame.back(ego) - frame.position(foe.row));
    } else {
      meeting.type = EncounterType::kFollower;
      meeting.ego_entry = sense * (frame.back(foe.row) - frame.position(ego));
    }
  } else if (map_.lane(foe_lane).edge != map_.lane(ego_lane).edge && approach.lane == ego_lane) {
    meeting.type = EncounterType::kLeader;
    meeting.foe_entry = approach.distance + frame.back(ego);
  }
  return meeting;
}

Meeting EncounterClassifier::OnJunction(const Frame& frame, int32_t ego, const Foe& foe,
                                        const Approach& approach) const {
  const int32_t ego_way = map_.topology.entry[Index(foe.conflict_lane)];
  const int32_t foe_way = map_.topology.entry[Index(approach.lane)];
  const int32_t ego_via = map_.connection(ego_way).via, foe_via = map_.connection(foe_way).via;
  if (ego_way == foe_way) {
    return OnOneWay(frame, ego, foe, approach);
  }
  Meeting meeting;
  if (map_.lane(ego_via).edge == map_.lane(foe_via).edge) {
    meeting.type = EncounterType::kAdjacentLanes;
    return meeting;
  }
  switch (map_.conflicts.Between(ego_way, foe_way).kind) {
    case WayConflict::Kind::kNone:
      break;
    case WayConflict::Kind::kMergingAdjacent:
      meeting.type = EncounterType::kMergingAdjacent;
      break;
    case WayConflict::Kind::kMerging:
      Merge(frame, ego, foe, approach, &meeting);
      break;
    case WayConflict::Kind::kCrossing:
      Cross(frame, ego, foe, approach, &meeting);
      break;
  }
  return meeting;
}

Meeting EncounterClassifier::OnOneWay(const Frame& frame, int32_t ego, const Foe& foe,
                                      const Approach& approach) const {
  Meeting meeting;
  const int32_t ego_lane = frame.lane(ego), foe_lane = frame.lane(foe.row);
  const bool ego_on = ego_lane == foe.conflict_lane, foe_on = foe_lane == approach.lane;
  const auto lead = [&](double distance) {
    meeting.type = EncounterType::kLeader;
    meeting.foe_entry = distance;
  };
  const auto follow = [&](double distance) {
    meeting.type = EncounterType::kFollower;
    meeting.ego_entry = distance;
  };
  if (ego_on && !foe_on) {
    lead(approach.distance + frame.back(ego) + LengthBefore(ego_lane));
  } else if (!ego_on && foe_on) {
    follow(foe.distance + frame.back(foe.row) + LengthBefore(foe_lane));
  } else if (ego_on && ego_lane == foe_lane) {
    if (frame.position(ego) > frame.position(foe.row)) {
      lead(approach.distance + frame.back(ego));
    } else {
      follow(foe.distance + frame.back(foe.row));
    }
  } else if (ego_on && map_.topology.before[Index(foe_lane)] == ego_lane) {
    follow(foe.distance + map_.lane(ego_lane).length + frame.back(foe.row));
  } else if (ego_on) {
    lead(approach.distance + map_.lane(foe_lane).length + frame.back(ego));
  }
  return meeting;
}

void EncounterClassifier::Merge(const Frame& frame, int32_t ego, const Foe& foe,
                                const Approach& approach, Meeting* meeting) const {
  const LaneTopology& topology = map_.topology;
  const auto until_merge = [&](int32_t conflict_lane, int32_t lane, double distance) {
    // The distance counts from the lane on which the vehicle is, if that is the second one.
    const double before =
        topology.before[Index(lane)] >= 0 &&
                topology.entry[Index(lane)] == topology.entry[Index(conflict_lane)]
            ? LengthBefore(lane)
            : 0;
    return distance + topology.internal_length[Index(topology.entry[Index(conflict_lane)])] -
           before;
  };
  meeting->type = EncounterType::kMerging;
  meeting->ego_entry = until_merge(foe.conflict_lane, frame.lane(ego), foe.distance);
  meeting->foe_entry = until_merge(approach.lane, frame.lane(foe.row), approach.distance);
}

void EncounterClassifier::Cross(const Frame& frame, int32_t ego, const Foe& foe,
                                const Approach& approach, Meeting* meeting) const {
  const int32_t ego_way = map_.topology.entry[Index(foe.conflict_lane)];
  const int32_t foe_way = map_.topology.entry[Index(approach.lane)];
  const double ego_width = frame.width[Index(ego)], foe_width = frame.width[Index(foe.row)];
  const auto entry = [&](int32_t way, int32_t other, int32_t lane, double distance, double width) {
    const WayConflict& conflict = map_.conflicts.Between(way, other);
    // A lane is known by where its band begins; the foe drives in the middle of it.
    const double band = conflict.foe_lane_width > 0 ? (conflict.foe_lane_width - width) / 2 : 0;
    return distance - LengthBefore(lane) + conflict.distance + band;
  };
  meeting->type = EncounterType::kCrossing;
  meeting->ego_entry = entry(ego_way, foe_way, foe.conflict_lane, foe.distance, foe_width);
  meeting->foe_entry = entry(foe_way, ego_way, approach.lane, approach.distance, ego_width);
  meeting->ego_area = foe_width;
  meeting->foe_area = ego_width;
  meeting->ego_exit = meeting->ego_entry + foe_width + frame.length[Index(ego)];
  meeting->foe_exit = meeting->foe_entry + ego_width + frame.length[Index(foe.row)];
}

}  // namespace tersor::twin
