#include "tersor/twin/junction_leaders.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

namespace tersor::twin {
namespace {

constexpr double kNear = 0.1;           // m, SUMO's tolerance of places
constexpr double kStandingSpeed = 0.1;  // m/s
constexpr double kBlockingTime = 5;     // s of standing after which one counts as an obstacle
constexpr double kInfinity = std::numeric_limits<double>::infinity();

class JunctionLeaders {
 public:
  JunctionLeaders(const TrafficState& state, const LinkSignals& signals, int32_t slot,
                  const JunctionWay& way)
      : state_(state),
        graph_(state.graph()),
        fields_(state.fields),
        signals_(signals),
        slot_(slot),
        s_(static_cast<size_t>(slot)),
        way_(way),
        facts_(graph_.lane(way.lane)),
        exit_(graph_.link(facts_.only_link)),
        follower_(way.follower != nullptr ? *way.follower : *fields_.follower[s_]),
        driver_(state.Driver(slot, fields_.lane[s_])) {}

  void Mind(JunctionSpeeds& speeds) const {
    for (const LaneConflict* c = graph_.conflicts_begin(facts_); c != graph_.conflicts_end(facts_);
         ++c) {
      const std::vector<int32_t>& foes = state_.on_lane(c->foe_lane);
      const TrafficState::Rear& rear = state_.leaving(c->foe_lane);
      if ((foes.empty() && rear.slot < 0) ||
          (c->kind != LaneConflict::Kind::kMerge && Ahead(*c) + c->width < 0)) {
        continue;
      }
      for (const int32_t foe : foes) {
        MindFoe(*c, {foe, state_.Back(foe), true}, speeds);
      }
      if (rear.slot >= 0) {
        MindFoe(*c, {rear.slot, rear.back, false}, speeds);
      }
    }
  }

 private:
  struct Foe {
    int32_t slot = -1;
    double back = 0;        // m along its lane
    bool front_on = false;  // its front is on that lane too
  };

  /// A foe that is to be minded.
  struct Leader {
    double gap = 0;       // m between the bodies, as if both ways were one; -infinity: no way past
    double distance = 0;  // m to the crossing, up to which one may drive; negative: follow only
    bool in_the_way = false;
  };

  double Ahead(const LaneConflict& c) const { return way_.lane_begin + c.begin; }

  bool Green(int32_t link) const {
    return signals_.letter(link) == 'G' || signals_.letter(link) == 'g';
  }

  std::optional<Leader> Find(const LaneConflict& c, const Foe& foe) const {
    const auto f = static_cast<size_t>(foe.slot);
    const bool merge = c.kind == LaneConflict::Kind::kMerge;
    const bool branch = c.kind == LaneConflict::Kind::kBranch;
    const double length = fields_.length[f];
    const double ahead = Ahead(c);
    const double back_ahead = c.foe_begin - foe.back;  // of the foe's back, to where the ways meet
    const bool passed = back_ahead + c.foe_width < 0;
    const bool reached = back_ahead < length;
    const Link& foe_exit = graph_.link(graph_.lane(c.foe_lane).only_link);
    const bool in_the_way = ((!passed && ahead > 0) || (merge && ahead > back_ahead - length)) &&
                            reached && !graph_.lane(foe_exit.next).internal;
    if (!in_the_way) {
      const Link& entry = graph_.link(exit_.entry);
      const Link& foe_entry = graph_.link(foe_exit.entry);
      if (c.foe_waits && Green(exit_.entry) && Green(foe_exit.entry) &&
          entry.from != foe_entry.from) {
        return std::nullopt;  // it waits inside while its signal is green
      }
      if (ahead < -kNear) {
        return std::nullopt;  // we are where the ways meet, it is not
      }
      const bool follow = c.foe_waits || merge || branch;
      if ((!follow || merge) && foe.front_on && !fields_.wants_out[f]) {
        return std::nullopt;  // it will not come
      }
    }
    if (branch && graph_.lane(fields_.lane[s_]).edge == facts_.edge &&
        foe.back + length < fields_.position[s_] - fields_.length[s_]) {
      return std::nullopt;  // it comes behind us
    }
    Leader leader;
    leader.in_the_way = in_the_way;
    if (c.foe_waits && !branch) {
      leader.gap = -kInfinity;
    } else {
      if (passed && !merge) {
        return std::nullopt;
      }
      leader.gap = ahead - follower_.min_gap() - back_ahead - c.foe_width;
    }
    const bool stop_early = merge || branch || (foe.front_on && c.foe_waits);
    leader.distance = stop_early ? -1 : ahead;
    return leader;
  }

  /// Where a vehicle on the junction came from.
  int32_t RoadLane(int32_t lane) const {
    return graph_.link(graph_.link(graph_.lane(lane).only_link).entry).from;
  }

  /// Which of two has the right of way, by what the signals show; else as the requests have it.
  void RightOfWay(const LaneConflict& c, int32_t foe_entry, double gap, size_t f, bool& yields,
                  bool& foe_yields) const {
    const int32_t entry = exit_.entry;
    const bool red = signals_.Red(entry), foe_red = signals_.Red(foe_entry);
    if (red || foe_red) {
      yields = foe_red;  // whoever is stuck on the junction gets off it
      foe_yields = red;
      if (!foe_red && fields_.speed[f] > kStandingSpeed && gap < 0) {
        const CarFollower& other = *fields_.follower[f];
        yields = -gap - fields_.length[f] < other.BrakeGap(fields_.speed[f]);
        foe_yields = !yields;
      }
    } else if (signals_.Major(entry) != signals_.Major(foe_entry)) {
      yields = !signals_.Major(entry);
      foe_yields = !yields;
    } else if (signals_.Yellow(entry) && signals_.Yellow(foe_entry)) {
      yields = fields_.speed[f] >= fields_.speed[s_];
      foe_yields = fields_.speed[s_] >= fields_.speed[f];
    } else {
      yields = c.yields;
      foe_yields = c.foe_yields;
    }
  }

  bool FoeGoesFirst(const LaneConflict& c, size_t f, double gap) const {
    const RoadGraph::LaneFacts& here = graph_.lane(fields_.lane[s_]);
    const RoadGraph::LaneFacts& there = graph_.lane(fields_.lane[f]);
    if (!here.internal || graph_.link(here.only_link).junction != exit_.junction ||
        !there.internal || graph_.link(there.only_link).junction != exit_.junction) {
      return true;
    }
    double own_time = fields_.conflict_time[s_], foe_time = fields_.entry_time[f];
    const Link& foe_link = graph_.link(there.only_link);
    if (RoadLane(fields_.lane[f]) == graph_.link(exit_.entry).from) {
      own_time = fields_.entered[s_];
      foe_time = fields_.entered[f];
    } else {
      bool yields = false, foe_yields = false;
      RightOfWay(c, foe_link.entry, gap, f, yields, foe_yields);
      if (!yields) {
        own_time = fields_.entry_time[s_];
        foe_time = fields_.conflict_time[f];
      } else if (foe_yields) {
        foe_time = fields_.conflict_time[f];
      }
    }
    if (own_time != foe_time) {
      return own_time > foe_time;
    }
    return fields_.speed[s_] != fields_.speed[f] ? fields_.speed[s_] < fields_.speed[f]
                                                 : fields_.vehicle[s_] > fields_.vehicle[f];
  }

  double SafeSpeed(const Leader& leader, size_t f) const {
    const LeaderState foe = state_.Leader(static_cast<int32_t>(f));
    double safe = leader.gap >= 0
                      ? follower_.FollowSpeed(driver_, leader.gap - way_.nearer, foe)
                      : follower_.StopSpeed(driver_, way_.lane_begin - way_.nearer - kNear);
    if (leader.distance < 0) {
      return safe;
    }
    const double room = leader.distance - way_.nearer - follower_.min_gap();
    double arrive = follower_.StopSpeed(driver_, room);
    if (leader.gap != -kInfinity) {
      // So slowly that it has passed when we are there.
      const double time = (leader.distance - leader.gap) / std::max(foe.speed, kStandingSpeed);
      const double last = std::max(driver_.speed, 2 * room / time - driver_.speed);
      arrive =
          std::min(arrive, driver_.speed + state_.step_length() * (last - driver_.speed) / time);
    }
    return std::max(safe, arrive);
  }

  void MindFoe(const LaneConflict& c, const Foe& foe, JunctionSpeeds& speeds) const {
    if (foe.slot == slot_) {
      return;
    }
    const std::optional<Leader> leader = Find(c, foe);
    const auto f = static_cast<size_t>(foe.slot);
    if (!leader || (!leader->in_the_way && !FoeGoesFirst(c, f, leader->gap))) {
      return;
    }
    const double safe = SafeSpeed(*leader, f);
    speeds.speed = std::min(speeds.speed, safe);
    speeds.pass_speed = std::min(speeds.pass_speed, safe);
    if (way_.before != nullptr) {
      way_.before->leave_speed = std::min(way_.before->leave_speed, safe);
      // One can at least drive up to the link and stop there.
      speeds.speed = std::max(speeds.speed, way_.before->wait_speed);
    }
    if (speeds.speed >= kStandingSpeed) {
      return;
    }
    // Who gets no farther than behind it keeps the junction free.
    const RoadGraph::LaneFacts& there = graph_.lane(fields_.lane[f]);
    const RoadGraph::LaneFacts& here = graph_.lane(fields_.lane[s_]);
    const int32_t foe_came_from = there.internal ? there.incoming.front() : -1;
    const bool from_here = foe_came_from == fields_.lane[s_];
    const bool beside = foe_came_from >= 0 && here.internal && !here.incoming.empty() &&
                        foe_came_from == here.incoming.front();
    if (from_here || beside || fields_.waiting[f] > kBlockingTime) {
      speeds.request = false;
      if (way_.before != nullptr && from_here) {
        way_.before->request = false;
      }
    }
  }

  const TrafficState& state_;
  const RoadGraph& graph_;
  const VehicleFields& fields_;
  const LinkSignals& signals_;
  const int32_t slot_;
  const size_t s_;
  const JunctionWay& way_;
  const RoadGraph::LaneFacts& facts_;
  const Link& exit_;
  const CarFollower& follower_;
  const DriverState driver_;
};

}  // namespace

void MindJunctionLeaders(const TrafficState& state, const LinkSignals& signals, int32_t slot,
                         const JunctionWay& way, JunctionSpeeds& speeds) {
  JunctionLeaders(state, signals, slot, way).Mind(speeds);
}

}  // namespace tersor::twin
