#include "tersor/twin/ssm_device.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include "tersor/util/error.h"

namespace tersor::twin {
namespace {

size_t Index(int32_t index) { return static_cast<size_t>(index); }

// Backwards by more than that is against the lane's direction.
constexpr double kBackwards = 1e-3;  // m

}  // namespace

void SsmOptions::Validate() const {
  const std::pair<const char*, double> positive[] = {{"range", range},
                                                     {"ttc_threshold", ttc_threshold},
                                                     {"drac_threshold", drac_threshold},
                                                     {"pet_threshold", pet_threshold},
                                                     {"grip_threshold", grip_threshold},
                                                     {"critical_ttc", critical_ttc},
                                                     {"friction", friction}};
  for (const auto& [name, value] : positive) {
    TERSOR_CHECK(value > 0 && std::isfinite(value), "ssm: ", name, " is ", value,
                 "; it has to be above 0");
  }
  TERSOR_CHECK(extra_time >= 0, "ssm: extra_time is ", extra_time, "; it has to be 0 or more");
  TERSOR_CHECK(reaction_time >= 0, "ssm: reaction_time is ", reaction_time,
               "; it has to be 0 or more");
}

SsmDevice::SsmDevice(const Network& network, const SsmOptions& options)
    : options_(options),
      encounter_options_{options.extra_time, options.reaction_time, options.box_ttc,
                         options.critical_ttc},
      map_(network),
      // A conflict lies within range of both, so that none is farther ahead than twice that.
      paths_(network, 2 * options.range),
      surroundings_(map_, paths_, options.range),
      classifier_(map_, paths_, options.range) {
  options_.Validate();
  frame_.now = &now_;
}

void SsmDevice::Update(const Snapshot& snapshot, std::span<const Vehicle> vehicles) {
  TERSOR_CHECK(!started_ || snapshot.time > last_time_, "ssm: time ", snapshot.time,
               " s comes after ", last_time_, " s");
  // To the millisecond, as SUMO counts: a sum of steps then is what it is there.
  frame_.step = started_ ? std::round((snapshot.time - last_time_) * 1000) / 1000 : 0;
  last_time_ = snapshot.time;
  started_ = true;
  BuildFrame(snapshot, vehicles);
  surroundings_.Begin(frame_);
  exposure_.vehicle_seconds += frame_.step * static_cast<double>(now_.size());
  for (const int32_t vehicle : now_.vehicle) {
    UpdateEncounters(vehicle);
  }
}

void SsmDevice::BuildFrame(const Snapshot& snapshot, std::span<const Vehicle> vehicles) {
  known_.resize(std::max(known_.size(), vehicles.size()));
  for (const int32_t vehicle : present_) {
    known_[Index(vehicle)].row = -1;
  }
  now_.time = snapshot.time;
  for (auto* field : {&now_.x, &now_.y, &now_.angle, &now_.speed, &now_.accel, &now_.position,
                      &frame_.length, &frame_.width, &frame_.advance, &frame_.friction}) {
    field->clear();
  }
  for (auto* field : {&now_.vehicle, &now_.lane, &now_.route_index, &frame_.path, &frame_.behind}) {
    field->clear();
  }
  frame_.opposite.clear();
  for (size_t i = 0; i < snapshot.vehicle.size(); ++i) {
    const int32_t lane = snapshot.lane[i];
    // On foot across a junction, say.
    if (lane < 0 || (map_.internal(lane) && (map_.topology.entry[Index(lane)] < 0 ||
                                             map_.topology.target[Index(lane)] < 0))) {
      continue;
    }
    now_.vehicle.push_back(snapshot.vehicle[i]);
    now_.x.push_back(snapshot.x[i]);
    now_.y.push_back(snapshot.y[i]);
    now_.angle.push_back(snapshot.angle[i]);
    now_.speed.push_back(snapshot.speed[i]);
    now_.accel.push_back(snapshot.accel[i]);
    now_.position.push_back(snapshot.position[i]);
    now_.lane.push_back(lane);
    now_.route_index.push_back(snapshot.route_index[i]);
    Place(now_.vehicle.size() - 1, vehicles[Index(snapshot.vehicle[i])]);
  }
  for (const int32_t vehicle : present_) {
    Known& known = known_[Index(vehicle)];
    if (known.row < 0) {
      for (const Encounter& encounter : known.encounters) {
        Close(vehicle, encounter);
      }
      known.encounters = {};
      known.lane = known.behind = -1;
    }
  }
  present_ = now_.vehicle;
}

// Along the lanes, which is right whatever the steps' integration; by speed where it is not known
// how the vehicle got there.
double SsmDevice::Covered(const Known& known, size_t row) const {
  constexpr int kMostLanes = 8;
  const int32_t edge = map_.lane(now_.lane[row]).edge;
  const std::span<const PathStep> steps = paths_.Steps(known.path);
  double covered = now_.position[row] - known.position;
  int32_t lane = known.lane;
  for (int passed = 0, step = 0; passed < kMostLanes; ++passed) {
    if (map_.lane(lane).edge == edge) {
      return std::abs(covered);
    }
    covered += map_.lane(lane).length;
    if (map_.internal(lane)) {
      const int32_t after = map_.topology.after[Index(lane)];
      lane = after >= 0 ? after : map_.topology.target[Index(lane)];
      continue;
    }
    const int32_t connection = steps[Index(step)].connection;
    if (connection < 0) {
      break;
    }
    ++step;
    const Connection& taken = map_.connection(connection);
    lane = taken.via >= 0 ? taken.via : taken.to;
  }
  return now_.speed[row] * frame_.step;
}

void SsmDevice::Place(size_t row, const Vehicle& vehicle) {
  Known& known = known_[Index(now_.vehicle[row])];
  known.row = static_cast<int32_t>(row);
  if (known.route < 0) {
    known.route = paths_.Intern(vehicle.route);
  }
  const int32_t lane = now_.lane[row], route_index = now_.route_index[row];
  const double position = now_.position[row];
  const double advance = known.lane < 0 ? 0 : Covered(known, row);
  if (lane != known.lane) {
    known.opposite = false;
  } else if (std::abs(position - known.position) > kBackwards) {
    known.opposite = position < known.position;
  }
  if (lane != known.lane || route_index != known.route_index) {
    known.path = map_.internal(lane) ? paths_.PathFrom(known.route, route_index + 1,
                                                       map_.topology.target[Index(lane)])
                                     : paths_.PathFrom(known.route, route_index, lane);
  }
  if (known.lane >= 0 && map_.lane(lane).edge != map_.lane(known.lane).edge) {
    known.behind = known.lane;
  }
  known.lane = lane;
  known.route_index = route_index;
  known.position = position;
  frame_.length.push_back(vehicle.length);
  frame_.width.push_back(vehicle.width);
  frame_.advance.push_back(advance);
  frame_.friction.push_back(friction_ ? friction_(lane, now_.speed[row]) : options_.friction);
  frame_.path.push_back(known.path);
  frame_.behind.push_back(known.behind);
  frame_.opposite.push_back(known.opposite);
}

void SsmDevice::UpdateEncounters(int32_t vehicle) {
  Known& known = known_[Index(vehicle)];
  const std::span<const Foe> around = surroundings_.Around(known.row);
  pairs_ += std::ssize(around);
  taken_.assign(around.size(), false);
  size_t kept = 0;
  for (size_t i = 0; i < known.encounters.size(); ++i) {
    Encounter& encounter = known.encounters[i];
    const int32_t foe_row = known_[Index(encounter.foe())].row;
    const int32_t found = foe_row >= 0 ? surroundings_.FoundAs(foe_row) : -1;
    bool over = false;
    if (found >= 0) {
      const EncounterType before = encounter.type();
      encounter.Update(classifier_, encounter_options_, frame_, known.row, foe_row,
                       &around[Index(found)]);
      // Where the two meet again, that is another encounter.
      over = before == EncounterType::kBothLeft && encounter.type() != before;
      taken_[Index(found)] = !over;
    } else {
      over = foe_row < 0 || encounter.extra_time() <= 0;
      if (!over) {
        encounter.Update(classifier_, encounter_options_, frame_, known.row, foe_row, nullptr);
        over = encounter.over();
      }
    }
    if (over) {
      Close(vehicle, encounter);
    } else {
      if (kept != i) {
        known.encounters[kept] = std::move(encounter);
      }
      ++kept;
    }
  }
  known.encounters.erase(known.encounters.begin() + static_cast<ptrdiff_t>(kept),
                         known.encounters.end());
  for (size_t i = 0; i < around.size(); ++i) {
    if (taken_[i]) {
      continue;
    }
    Encounter encounter(now_.vehicle[Index(around[i].row)], now_.time, options_.extra_time);
    if (encounter.Update(classifier_, encounter_options_, frame_, known.row, around[i].row,
                         &around[i])) {
      known.encounters.push_back(encounter);
    }
  }
}

bool SsmDevice::IsConflict(const Encounter& encounter) const {
  // What is not defined (NaN) passes no threshold.
  return encounter.pet.value <= options_.pet_threshold ||
         encounter.min_ttc.value <= options_.ttc_threshold ||
         encounter.max_drac.value >= options_.drac_threshold ||
         encounter.max_drac_to_grip.value >= options_.grip_threshold ||
         encounter.min_box_ttc.value <= options_.ttc_threshold;
}

void SsmDevice::Close(int32_t ego, const Encounter& encounter) {
  exposure_.sum.Add(encounter.own_exposure);
  if (!IsConflict(encounter)) {
    return;
  }
  const auto extreme = [&](const Worst& worst) {
    Extreme result;
    if (!std::isnan(worst.value)) {
      result = {worst.value, worst.time, Locate(map_, paths_, worst.place), worst.type};
    }
    return result;
  };
  conflicts_.push_back({.begin = encounter.begin(),
                        .end = encounter.end(),
                        .ego = ego,
                        .foe = encounter.foe(),
                        .min_ttc = extreme(encounter.min_ttc),
                        .max_drac = extreme(encounter.max_drac),
                        .pet = extreme(encounter.pet),
                        .max_mdrac = extreme(encounter.max_mdrac),
                        .min_box_ttc = extreme(encounter.min_box_ttc),
                        .max_drac_to_grip = extreme(encounter.max_drac_to_grip),
                        .exposure = encounter.exposure});
}

std::vector<Conflict> SsmDevice::Finish() {
  for (const int32_t vehicle : present_) {
    for (const Encounter& encounter : known_[Index(vehicle)].encounters) {
      Close(vehicle, encounter);
    }
    known_[Index(vehicle)] = {};
  }
  present_.clear();
  std::vector<Conflict> conflicts = std::exchange(conflicts_, {});
  if (!options_.both) {
    return OncePerPair(std::move(conflicts));
  }
  std::ranges::sort(conflicts, {},
                    [](const Conflict& c) { return std::tuple(c.begin, c.ego, c.foe); });
  return conflicts;
}

}  // namespace tersor::twin
