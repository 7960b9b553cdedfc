#include "tersor/twin/encounter.h"

#include <algorithm>
#include <cmath>

#include "tersor/twin/box_ttc.h"

namespace tersor::twin {
namespace {

using Type = EncounterType;

size_t Index(int32_t index) { return static_cast<size_t>(index); }

// One of them at least has entered the area of a crossing; from then on it is only traced.
bool Ongoing(Type type) { return type >= Type::kEgoEntered && type <= Type::kBothLeft; }

bool BeforeCrossing(Type type) {
  return type == Type::kCrossingLeader || type == Type::kCrossingFollower;
}

void KeepLeast(double value, double time, const PathPlace& place, Type type, Worst* worst) {
  if (!std::isnan(value) && !(value >= worst->value)) {
    *worst = {value, time, place, type};
  }
}

void KeepMost(double value, double time, const PathPlace& place, Type type, Worst* worst) {
  if (!std::isnan(value) && !(value <= worst->value)) {
    *worst = {value, time, place, type};
  }
}

PathPlace AheadOf(const Frame& frame, int32_t row, double ahead) {
  return {frame.lane(row), frame.path[Index(row)], frame.position(row), ahead};
}

// The middle of a vehicle's rear, which may still be on a lane behind that of its front.
PathPlace BackOf(const Frame& frame, int32_t row) {
  return {frame.lane(row), frame.path[Index(row)], frame.back(row), 0, frame.behind[Index(row)]};
}

MovingBox BoxOf(const Frame& frame, int32_t row) {
  const size_t i = Index(row);
  return {.front = {frame.now->x[i], frame.now->y[i]},
          .heading = HeadingOfSumoAngle(frame.now->angle[i]),
          .length = frame.length[i],
          .width = frame.width[i],
          .speed = frame.now->speed[i]};
}

}  // namespace

bool Encounter::Update(const EncounterClassifier& classifier, const EncounterOptions& options,
                       const Frame& frame, int32_t ego, int32_t foe, const Foe* found) {
  const View view{frame, ego, foe};
  Meeting meeting;
  if (started_ && Ongoing(last_type_) && last_type_ != Type::kBothLeft && found != nullptr) {
    meeting.type = last_type_;
  } else if (found != nullptr) {
    meeting = classifier.Classify(frame, ego, *found);
  }
  if (meeting.type == Type::kNone) {
    Passed(view, options, found != nullptr, &meeting);
    // A pair that is only traced is not predicted; SUMO then takes the worst: that whoever is on
    // the area stays there.
    const auto& speed = frame.now->speed;
    ego_approach_ = {meeting.ego_entry, meeting.ego_exit, speed[Index(ego)], kNever, kNever};
    foe_approach_ = {meeting.foe_entry, meeting.foe_exit, speed[Index(foe)], kNever, kNever};
  } else if (Ongoing(meeting.type)) {
    Passed(view, options, found != nullptr, &meeting);
    EstimateTimes(view, &meeting);
  } else {
    EstimateTimes(view, &meeting);
    extra_time_ = options.extra_time;
  }
  NoteEntryAndExit(view, &meeting);
  if (!started_ && (meeting.type == Type::kNone || meeting.type == Type::kEgoLeft ||
                    meeting.type == Type::kFoeLeft || meeting.type == Type::kBothEntered ||
                    meeting.type == Type::kBothLeft)) {
    return false;
  }
  if (type_ == Type::kBothLeft && meeting.type != Type::kBothLeft) {
    type_ = meeting.type;  // another encounter of the two has begun
    return true;
  }
  NotePlace(view, meeting);
  Measure(view, options, meeting);
  type_ = last_type_ = meeting.type;
  ego_entry_ = meeting.ego_entry;
  foe_entry_ = meeting.foe_entry;
  end_ = frame.now->time;
  started_ = true;
  return true;
}

void Encounter::Passed(const View& view, const EncounterOptions& options, bool in_range,
                       Meeting* meeting) {
  extra_time_ = in_range ? options.extra_time : extra_time_ - view.frame.step;
  switch (last_type_) {
    case Type::kNone:
      if (!in_range) {
        over_ = true;
        meeting->type = Type::kNone;
      }
      break;
    case Type::kFollower:
    case Type::kLeader:
    case Type::kFollowingPassed:
      meeting->type = Type::kFollowingPassed;
      break;
    case Type::kMergingFollower:
    case Type::kMergingLeader:
    case Type::kMergingPassed:
      meeting->type = Type::kMergingPassed;
      break;
    default:
      if (BeforeCrossing(last_type_) || Ongoing(last_type_) || last_type_ == Type::kCollision) {
        Trace(view, meeting);
      }
  }
}

void Encounter::Trace(const View& view, Meeting* meeting) const {
  const Frame& frame = view.frame;
  const size_t ego = Index(view.ego), foe = Index(view.foe);
  meeting->ego_area = frame.width[foe];
  meeting->foe_area = frame.width[ego];
  meeting->ego_entry = ego_entry_ - frame.advance[ego];
  meeting->foe_entry = foe_entry_ - frame.advance[foe];
  meeting->ego_exit = meeting->ego_entry + meeting->ego_area + frame.length[ego];
  meeting->foe_exit = meeting->foe_entry + meeting->foe_area + frame.length[foe];
  const bool ego_in = meeting->ego_entry < 0, foe_in = meeting->foe_entry < 0;
  const bool ego_out = meeting->ego_exit < 0, foe_out = meeting->foe_exit < 0;
  if (ego_out && foe_out) {
    meeting->type = Type::kBothLeft;
  } else if (ego_in && foe_in) {
    meeting->type = ego_out || foe_out ? Type::kBothEntered : Type::kCollision;
  } else if (ego_in) {
    meeting->type = ego_out ? Type::kEgoLeft : Type::kEgoEntered;
  } else if (foe_in) {
    meeting->type = foe_out ? Type::kFoeLeft : Type::kFoeEntered;
  } else {
    meeting->type = last_type_;
  }
}

void Encounter::EstimateTimes(const View& view, Meeting* meeting) {
  const bool merging = meeting->type == Type::kMerging;
  if (!merging && meeting->type != Type::kCrossing && !Ongoing(meeting->type)) {
    return;
  }
  const Frame& frame = view.frame;
  const size_t ego = Index(view.ego), foe = Index(view.foe);
  meeting->ego_exit = meeting->ego_entry + (merging ? 0 : meeting->ego_area) + frame.length[ego];
  meeting->foe_exit = meeting->foe_entry + (merging ? 0 : meeting->foe_area) + frame.length[foe];
  const Snapshot& now = *frame.now;
  ego_approach_ =
      ApproachArea(meeting->ego_entry, meeting->ego_exit, now.speed[ego], now.accel[ego]);
  foe_approach_ =
      ApproachArea(meeting->foe_entry, meeting->foe_exit, now.speed[foe], now.accel[foe]);
  if (Ongoing(meeting->type)) {
    return;
  }
  if (ego_approach_.entry_time == 0 && foe_approach_.entry_time == 0 && meeting->ego_exit >= 0 &&
      meeting->foe_exit >= 0) {
    meeting->type = Type::kCollision;
  } else if (ego_approach_.entry_time < foe_approach_.entry_time) {
    meeting->type = merging ? Type::kMergingLeader : Type::kCrossingLeader;
  } else {
    meeting->type = merging ? Type::kMergingFollower : Type::kCrossingFollower;
  }
}

void Encounter::NoteEntryAndExit(const View& view, Meeting* meeting) {
  const bool ego_in = meeting->ego_entry < 0, foe_in = meeting->foe_entry < 0;
  const bool ego_out = meeting->ego_exit < 0, foe_out = meeting->foe_exit < 0;
  if (!started_) {
    if ((ego_out && foe_in) || (foe_out && ego_in)) {
      meeting->type = ego_out && foe_out ? Type::kBothLeft : Type::kBothEntered;
    } else if (ego_out || foe_out) {
      meeting->type = ego_out ? Type::kEgoLeft : Type::kFoeLeft;
    } else if (ego_in && foe_in) {
      meeting->type = Type::kCollision;
    } else if (ego_in || foe_in) {
      meeting->type = ego_in ? Type::kEgoEntered : Type::kFoeEntered;
    }
    return;
  }
  const Frame& frame = view.frame;
  // When, within the step, a distance that is negative now was zero.
  const auto note = [&](double left, double advance, Type entered, double* time) {
    const double before = left + advance;
    if (*time != kNever || !(left < 0) || before < 0) {
      return;
    }
    const double share = advance > 0 ? std::min(before / advance, 1.0) : 1;
    *time = frame.now->time - frame.step + share * frame.step;
    if (BeforeCrossing(type_)) {
      meeting->type = entered;
    }
  };
  const double ego_advance = frame.advance[Index(view.ego)];
  const double foe_advance = frame.advance[Index(view.foe)];
  note(meeting->ego_entry, ego_advance, Type::kEgoEntered, &ego_entry_time_);
  note(meeting->foe_entry, foe_advance, Type::kFoeEntered, &foe_entry_time_);
  note(meeting->ego_exit, ego_advance, Type::kEgoLeft, &ego_exit_time_);
  note(meeting->foe_exit, foe_advance, Type::kFoeLeft, &foe_exit_time_);
}

void Encounter::NotePlace(const View& view, const Meeting& meeting) {
  const Frame& frame = view.frame;
  switch (meeting.type) {
    case Type::kBothEntered:
    case Type::kBothLeft:
    case Type::kCollision:
      break;  // stays where it was
    case Type::kCrossingFollower:
    case Type::kMergingFollower:
    case Type::kFoeEntered:
    case Type::kFoeLeft:
      place_ = AheadOf(frame, view.ego, meeting.ego_entry);
      break;
    case Type::kCrossingLeader:
    case Type::kMergingLeader:
    case Type::kEgoEntered:
    case Type::kEgoLeft:
      place_ = AheadOf(frame, view.foe, meeting.foe_entry);
      break;
    case Type::kFollower:
      place_ = BackOf(frame, view.foe);
      break;
    case Type::kLeader:
      place_ = BackOf(frame, view.ego);
      break;
    case Type::kOncoming:
      place_ = AheadOf(frame, view.ego, 0);
      place_.position = (frame.position(view.ego) + frame.position(view.foe)) / 2;
      break;
    default:
      place_ = {};
  }
}

void Encounter::Measure(const View& view, const EncounterOptions& options, const Meeting& meeting) {
  const Snapshot& now = *view.frame.now;
  const double ego_speed = now.speed[Index(view.ego)], foe_speed = now.speed[Index(view.foe)];
  const double ego_length = view.frame.length[Index(view.ego)];
  const double foe_length = view.frame.length[Index(view.foe)];
  const auto follow = [](double gap, double follower, double leader) {
    return TtcAndDrac{FollowingTtc(gap, follower, leader), FollowingDrac(gap, follower, leader),
                      follower - leader};
  };
  TtcAndDrac measured;
  switch (meeting.type) {
    case Type::kFollower:
      measured = follow(meeting.ego_entry, ego_speed, foe_speed);
      break;
    case Type::kLeader:
      measured = follow(meeting.foe_entry, foe_speed, ego_speed);
      break;
    case Type::kOncoming:
      measured.ttc = OncomingTtc(meeting.ego_entry, ego_speed, foe_speed);
      measured.closing_speed = ego_speed + foe_speed;
      break;
    case Type::kMergingFollower:
    case Type::kMergingLeader:
      measured = MergingMeasures({meeting.ego_entry, ego_speed, ego_length},
                                 {meeting.foe_entry, foe_speed, foe_length});
      break;
    case Type::kCrossingFollower:
    case Type::kFoeEntered:
      measured = {CrossingTtc(foe_approach_, ego_approach_),
                  CrossingDrac(ego_approach_, foe_approach_), ego_speed};
      break;
    case Type::kCrossingLeader:
    case Type::kEgoEntered:
      measured = {CrossingTtc(ego_approach_, foe_approach_),
                  CrossingDrac(ego_approach_, foe_approach_), foe_speed};
      break;
    case Type::kBothLeft:
      MeasurePet(meeting.type);
      break;
    default:
      break;
  }
  KeepLeast(measured.ttc, now.time, place_, measured.ttc <= 0 ? Type::kCollision : meeting.type,
            &min_ttc);
  KeepMost(measured.drac, now.time, place_, meeting.type, &max_drac);
  KeepMost(Mdrac(measured.closing_speed, measured.ttc, options.reaction_time), now.time, place_,
           meeting.type, &max_mdrac);
  Expose(view, options, meeting.type, measured);
  if (options.box_ttc) {
    MeasureBoxes(view, meeting.type);
  }
}

void Encounter::Expose(const View& view, const EncounterOptions& options, Type type,
                       const TtcAndDrac& measured) {
  if (std::isnan(measured.ttc) && std::isnan(measured.drac)) {
    return;
  }
  const bool ego_leads = type == Type::kLeader || type == Type::kMergingLeader ||
                         type == Type::kCrossingLeader || type == Type::kEgoEntered;
  const Frame& frame = view.frame;
  const double friction = frame.friction[Index(ego_leads ? view.foe : view.ego)];
  Exposure step;
  step.Add(measured.ttc, measured.drac, friction, options.critical_ttc, frame.step);
  exposure.Add(step);
  // Who drive at each other both have to; the pair counts once.
  if (type == Type::kOncoming ? view.ego < view.foe : !ego_leads) {
    own_exposure.Add(step);
  }
  KeepMost(DracToGrip(measured.drac, friction), frame.now->time, place_, type, &max_drac_to_grip);
}

void Encounter::MeasurePet(Type type) {
  if (last_type_ == Type::kBothLeft) {
    return;
  }
  // An encounter may have begun when one was on the area already; its entry is not known then.
  double entry = ego_entry_time_, value = 0;
  if (foe_entry_time_ == kNever ||
      (ego_entry_time_ != kNever && ego_entry_time_ > foe_exit_time_)) {
    value = Pet(foe_exit_time_, ego_entry_time_);
  } else if (ego_entry_time_ == kNever || foe_entry_time_ > ego_exit_time_) {
    entry = foe_entry_time_;
    value = Pet(ego_exit_time_, foe_entry_time_);
  }
  if (entry != kNever && !(value > pet.value)) {
    pet = {value, entry, place_, value <= 0 ? Type::kCollision : type};
  }
  ego_entry_time_ = ego_exit_time_ = foe_entry_time_ = foe_exit_time_ = kNever;
}

void Encounter::MeasureBoxes(const View& view, Type type) {
  const double ttc = BoxTtc(BoxOf(view.frame, view.ego), BoxOf(view.frame, view.foe));
  KeepLeast(ttc, view.frame.now->time, AheadOf(view.frame, view.ego, 0), type, &min_box_ttc);
}

Point Locate(const RoadTables& map, const RoutePaths& paths, const PathPlace& place) {
  if (place.lane < 0) {
    return {kNotAvailable, kNotAvailable};
  }
  const auto at = [&](int32_t lane, double position) {
    const Lane& on = map.lane(lane);
    return PoseAt(on.shape, position / on.length * Length(on.shape)).point;
  };
  int32_t lane = place.lane;
  double position = place.position + std::max(place.ahead, 0.0);
  const std::span<const PathStep> steps = paths.Steps(place.path);
  size_t step = 0;
  for (; map.internal(lane) && position > map.lane(lane).length;) {
    position -= map.lane(lane).length;
    const int32_t after = map.topology.after[Index(lane)];
    lane = after >= 0 ? after : map.topology.target[Index(lane)];
  }
  while (position > map.lane(lane).length && step < steps.size() && steps[step].connection >= 0) {
    position -= map.lane(lane).length;
    const Connection& connection = map.connection(steps[step].connection);
    for (int32_t via = connection.via; via >= 0; via = map.topology.after[Index(via)]) {
      if (position <= map.lane(via).length) {
        return at(via, position);
      }
      position -= map.lane(via).length;
    }
    lane = connection.to;
    ++step;
  }
  // Behind a lane's beginning.
  int32_t behind = place.behind;
  while (position < 0 && behind >= 0) {
    lane = behind;
    position += map.lane(lane).length;
    behind = map.topology.before[Index(lane)];
    if (behind < 0 && map.internal(lane)) {
      behind = map.connection(map.topology.entry[Index(lane)]).from;
    }
  }
  return at(lane, position);
}

}  // namespace tersor::twin
