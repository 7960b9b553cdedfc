#include "tersor/twin/coupling/twin_pilot.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <unordered_set>

#include "tersor/twin/vehicle_class.h"
#include "tersor/util/error.h"

namespace tersor::twin {
namespace {

constexpr double kAhead = 60;  // m of path behind the lane's end

// Steering (chosen): the target lies so many seconds ahead, within bounds.
constexpr double kPreviewTime = 0.8, kNearest = 4, kFarthest = 30;  // s, m, m
// A change of lanes takes 1 to 13 s, 4.6 s in the mean (Toledo and Zohar, "Modeling duration of
// lane changes", 2007); here 4 s, longer where those who know the road would else use more of its
// grip than this share, and no less than these metres where the car is slow.
constexpr double kShiftTime = 4, kShiftShare = 0.25, kShiftLeast = 14;
constexpr double kBodyMargin = 0.2;  // m into a neighbouring lane that do not count

// Bends: the lateral acceleration that drivers do not exceed on a dry road (chosen within the 2 to
// 4 m/s^2 that they accept at such radii), and of the grip what those use who know it.
constexpr double kBendAccel = 3, kBendShare = 0.5;
constexpr double kBendDecel = 2;  // m/s^2 before them
// s within which a car is brought to its free speed, and before which a bend is minded: brakes need
// 0.2 to 0.3 s, and what is asked of them faster than that swings.
constexpr double kSettle = 0.4, kResponse = 0.7;

constexpr double kEmergency = 4.5;     // m/s^2; what SUMO's passenger cars do not exceed normally
constexpr double kLaneWidth = 3.5;     // m, of a usual lane
constexpr double kMoved = 2;           // m: somebody else has moved the car
constexpr double kOffRoad = 6;         // m beside the path
constexpr double kWrong = 2;           // rad against it
constexpr double kStanding = 0.1;      // m/s
constexpr double kFullBraking = -9.0;  // m/s^2

double HeadingOf(const FrontPose& pose) { return HeadingOfSumoAngle(pose.angle); }

DriverOptions WithThreads(DriverOptions options, int threads) {
  options.threads = threads;
  return options;
}

}  // namespace

TwinPilot::TwinPilot(const Network& network, const Demand& demand, const WeatherSeries& weather,
                     const TwinOptions& options, const TwinRunFacts& facts)
    : network_(network),
      series_(weather),
      options_(options),
      facts_(facts),
      graph_(network),
      friction_(network, weather),
      type_of_(demand),
      choice_(options, facts.seed, facts.begin),
      drivers_(WithThreads(options.driver, facts.threads), facts.step, facts.seed, facts.planned),
      fleet_(MakeFleet(options.dynamics_level(), options.substep, facts.threads)),
      weather_time_(-INFINITY) {
  std::unordered_set<std::string_view> known;
  for (const Departure& departure : demand.departures) {
    known.insert(departure.id);
  }
  for (const std::string& id : options.ids) {
    if (!known.contains(id)) {
      FailUsage("twins.ids: the demand has no vehicle '", id, "'");
    }
  }
  if (!options.ego.empty() && !known.contains(options.ego)) {
    FailUsage("twins.ego: the demand has no vehicle '", options.ego, "'");
  }
}

TwinPilot::~TwinPilot() = default;

void TwinPilot::SetWeather(double time) {
  const bool changes = series_.moments.size() > 1;
  if (std::isinf(weather_time_) || (changes && time >= weather_time_ + 1)) {
    weather_ = series_.At(time);
    weather_time_ = time;
    drivers_.SetWeather(weather_);
  }
}

void TwinPilot::Meet(const Traffic& traffic) {
  const auto vehicles = traffic.vehicles();
  for (size_t i = known_.size(); i < vehicles.size(); ++i) {
    Known known;
    known.named = choice_.Named(vehicles[i].id) && HasDynamics(type_of_(vehicles[i]).vehicle_class);
    known_.push_back(known);
  }
}

const RouteLanes& TwinPilot::RouteOf(const Vehicle& vehicle, const VehicleType& type) {
  const VehicleClasses classes = ClassBit(type.vehicle_class);
  auto& known = routes_[{vehicle.route, classes}];
  if (!known) {
    known = std::make_unique<RouteLanes>(graph_, Route{vehicle.id, vehicle.route}, classes);
  }
  return *known;
}

const VehicleBody& TwinPilot::BodyOf(const VehicleType& type) {
  const auto found = bodies_.find(type.id);
  return found != bodies_.end()
             ? found->second
             : bodies_.emplace(type.id, BodyFor(type, options_.body)).first->second;
}

void TwinPilot::Choose(const Snapshot& now, const Traffic& traffic, std::vector<int32_t>* rows) {
  rows->clear();
  traffic_ = &traffic;
  Meet(traffic);
  choice_.Look(now, traffic);
  for (const int32_t twin : active_) {
    twins_[static_cast<size_t>(twin)].seen = false;
  }
  for (size_t row = 0; row < now.vehicle.size(); ++row) {
    Known& known = known_[static_cast<size_t>(now.vehicle[row])];
    if ((!known.named && !known.wrecked) || now.lane[row] < 0) {
      continue;
    }
    const bool driven = known.twin >= 0;
    bool drives = known.wrecked || choice_.Here(now, row, driven);
    if (driven) {
      Twin& twin = twins_[static_cast<size_t>(known.twin)];
      // Nobody gives a car back that is beside its lane's middle.
      constexpr double kCentred = 0.3;  // m
      drives = drives || std::abs(twin.offset) > kCentred;
      twin.seen = drives;
    }
    if (drives) {
      if (!driven) {
        Begin(now, row, known.named);
      }
      rows->push_back(static_cast<int32_t>(row));
    }
  }
  const std::vector<int32_t> before = active_;
  for (const int32_t twin : before) {
    if (!twins_[static_cast<size_t>(twin)].seen) {
      End(twin);
    }
  }
}

void TwinPilot::Begin(const Snapshot& now, size_t row, bool drives) {
  const int32_t vehicle = now.vehicle[row];
  const Vehicle& facts = traffic_->vehicles()[static_cast<size_t>(vehicle)];
  const VehicleType& type = type_of_(facts);
  int32_t index = static_cast<int32_t>(twins_.size());
  if (free_.empty()) {
    twins_.emplace_back();
  } else {
    index = free_.back();
    free_.pop_back();
  }
  Twin& twin = twins_[static_cast<size_t>(index)];
  twin = {};
  twin.vehicle = vehicle;
  twin.shadow = options_.role == "shadow";
  twin.body = &BodyOf(type);
  twin.route = &RouteOf(facts, type);
  const FrontPose pose{now.x[row], now.y[row], now.angle[row]};
  twin.car = fleet_->Add(*twin.body, pose, now.speed[row]);
  twin.state = fleet_->State(twin.car);
  if (drives && !twin.shadow) {
    twin.driver = drivers_.Add(facts.id, type);
  }
  twin.seen = true;
  Known& known = known_[static_cast<size_t>(vehicle)];
  known.twin = index;
  if (drives && !known.was_twin && !known.wrecked) {
    known.was_twin = true;
    ++statistics_.twins;
  }
  active_.push_back(index);
}

void TwinPilot::End(int32_t index) {
  Twin& twin = twins_[static_cast<size_t>(index)];
  fleet_->Remove(twin.car);
  if (twin.driver >= 0) {
    drivers_.Remove(twin.driver);
  }
  known_[static_cast<size_t>(twin.vehicle)].twin = -1;
  std::erase(active_, index);
  free_.push_back(index);
}

void TwinPilot::Wreck(int32_t vehicle) {
  Meet(*traffic_);
  known_[static_cast<size_t>(vehicle)].wrecked = true;
}

bool TwinPilot::Wrecked(int32_t vehicle) const {
  const auto v = static_cast<size_t>(vehicle);
  return v < known_.size() && known_[v].wrecked;
}

bool TwinPilot::WasTwin(int32_t vehicle) const {
  const auto v = static_cast<size_t>(vehicle);
  return v < known_.size() && known_[v].was_twin;
}

const CarState* TwinPilot::State(int32_t vehicle) const {
  const auto v = static_cast<size_t>(vehicle);
  return v < known_.size() && known_[v].twin >= 0
             ? &twins_[static_cast<size_t>(known_[v].twin)].state
             : nullptr;
}

void TwinPilot::Locate(const Snapshot& now, const Wish& wish, Twin& twin) {
  const auto row = static_cast<size_t>(wish.row);
  const Point front{now.x[row], now.y[row]};
  if (std::hypot(front.x - twin.state.pose.x, front.y - twin.state.pose.y) > kMoved) {
    fleet_->Remove(twin.car);  // it was teleported: it goes on from there
    twin.car = fleet_->Add(*twin.body, {front.x, front.y, now.angle[row]}, now.speed[row]);
    twin.state = fleet_->State(twin.car);
  }
  const int32_t before = twin.path.lane();
  if (before != wish.lane) {
    const bool change = before >= 0 && graph_.lane(before).edge == graph_.lane(wish.lane).edge;
    const double old_place = twin.place;
    twin.path.Follow(graph_, *twin.route, wish.lane, now.route_index[row], kAhead);
    const double guess = twin.path.PlaceOf(now.position[row]);
    const LanePath::Foot foot = twin.path.FootOf(front, guess, kAhead);
    if (change) {
      twin.shift.Start(foot.offset, foot.place,
                       std::max(ShiftTime(twin, foot.offset) * now.speed[row], kShiftLeast));
    } else {
      twin.shift.Move(foot.place - old_place);
    }
    twin.place = foot.place;
    twin.offset = foot.offset;
  }
}

double TwinPilot::ShiftTime(const Twin& twin, double offset) const {
  if (twin.driver < 0 || !drivers_.aware(twin.driver)) {
    return kShiftTime;
  }
  // The highest lateral acceleration of a quintic is 10 / sqrt(3) times offset / time^2.
  const double accel = kShiftShare * weather_.friction_peak * kGravity;
  return std::max(kShiftTime, std::sqrt(10 / std::numbers::sqrt3 * std::abs(offset) / accel));
}

double TwinPilot::BendSpeed(const Twin& twin) const {
  double accel = kBendAccel;
  if (twin.driver >= 0 && drivers_.aware(twin.driver)) {
    accel = std::min(accel, kBendShare * weather_.friction_peak * kGravity);
  }
  const double ahead = std::max(0.0, twin.state.speed) * kResponse;
  return twin.path.BendSpeed(twin.place + ahead, accel, kBendDecel);
}

void TwinPilot::Command(const Snapshot& now, const Wish& wish, Twin& twin) {
  CarCommand command;
  command.accel = twin.asked;
  const bool wreck = known_[static_cast<size_t>(twin.vehicle)].wrecked;
  if (wreck) {
    command.accel = kFullBraking;
    command.steer = twin.state.steer;
  } else {
    const double ahead =
        twin.place + std::clamp(kPreviewTime * twin.state.speed, kNearest, kFarthest);
    const Pose target = twin.path.At(ahead, twin.shift.At(ahead));
    command.target_x = target.point.x;
    command.target_y = target.point.y;
  }
  fleet_->Command(twin.car, command);
  const int32_t lane = now.lane[static_cast<size_t>(wish.row)];
  RoadSurface surface = friction_.At(lane, twin.state.speed, weather_);
  surface.grade = network_.lanes[static_cast<size_t>(lane)].grade;
  fleet_->SetSurface(twin.car, surface);
}

int32_t TwinPilot::Beside(const Twin& twin, int32_t lane) const {
  const RoadGraph::LaneFacts& facts = graph_.lane(lane);
  const double half = network_.lanes[static_cast<size_t>(lane)].width / 2;
  if (facts.internal || std::abs(twin.offset) + twin.body->width / 2 <= half + kBodyMargin) {
    return -1;
  }
  return twin.offset > 0 ? facts.left : facts.right;
}

Motion TwinPilot::MotionOf(const Snapshot& now, const Wish& wish, Twin& twin) {
  const auto row = static_cast<size_t>(wish.row);
  const CarState& state = twin.state;
  const double guess = twin.place + std::max(0.0, state.speed) * facts_.step;
  constexpr double kReach = 10;  // m
  const LanePath::Foot foot = twin.path.FootOf({state.pose.x, state.pose.y}, guess, kReach);
  twin.place = foot.place;
  twin.offset = foot.offset;
  Motion motion;
  motion.row = wish.row;
  motion.advance = std::max(0.0, twin.path.AlongLanes(foot.place) - now.position[row]);
  motion.speed = std::max(0.0, state.speed);
  motion.accel = state.accel;
  motion.x = state.pose.x;
  motion.y = state.pose.y;
  motion.angle = state.pose.angle;
  motion.beside = Beside(twin, twin.path.LaneAt(foot.place));
  const double lane_left =
      network_.lanes[static_cast<size_t>(wish.lane)].length - (now.position[row] + motion.advance);
  // A change that begins later would take it into the junction between two lanes.
  motion.keeps_lane = lane_left < motion.speed * ShiftTime(twin, kLaneWidth);
  Known& known = known_[static_cast<size_t>(twin.vehicle)];
  const double turned = std::remainder(HeadingOf(state.pose) - foot.heading, 2 * std::numbers::pi);
  if (!known.wrecked && (std::abs(foot.offset) > kOffRoad || std::abs(turned) > kWrong)) {
    known.wrecked = true;
    ++statistics_.runs_off_road;
  }
  if (known.wrecked) {
    const double speed = std::hypot(state.speed, state.lateral_speed);
    twin.stood += speed < kStanding ? facts_.step : 0;
    motion.leaves = twin.stood > options_.collision_rest;
    statistics_.removed += motion.leaves;
  }
  return motion;
}

void TwinPilot::Count(const Twin& twin, const CarState& before, double asked_before) {
  statistics_.seconds += facts_.step;
  statistics_.metres += std::max(0.0, twin.state.speed) * facts_.step;
  statistics_.emergency_brakings += twin.asked < -kEmergency && asked_before >= -kEmergency;
  statistics_.slip_brakings += twin.state.abs_active && !before.abs_active;
}

void TwinPilot::Drive(const Snapshot& now, std::span<const Wish> wishes,
                      std::vector<Motion>* motions) {
  SetWeather(now.time);
  std::vector<double> asked_before(wishes.size());
  std::vector<int32_t> twin_of(wishes.size());
  scenes_.clear();
  driving_.clear();
  for (size_t i = 0; i < wishes.size(); ++i) {
    const Wish& wish = wishes[i];
    const auto row = static_cast<size_t>(wish.row);
    twin_of[i] = known_[static_cast<size_t>(now.vehicle[row])].twin;
    Twin& twin = twins_[static_cast<size_t>(twin_of[i])];
    Locate(now, wish, twin);
    asked_before[i] = twin.asked;
    const double bend = BendSpeed(twin);
    Scene scene{twin.driver, twin.state.speed, wish};
    scene.wish.free_speed = std::min(wish.free_speed, bend);
    if (scene.wish.free_speed < scene.speed && facts_.step < kSettle) {
      scene.wish.free_speed =
          scene.speed + (scene.wish.free_speed - scene.speed) * facts_.step / kSettle;
    }
    if (options_.predict) {
      scene.wish.gap += (wish.leader_speed - twin.state.speed) * facts_.step;
    }
    if (twin.driver >= 0) {
      scenes_.push_back(scene);
      driving_.push_back(twin_of[i]);
    } else {
      twin.asked = (std::min(wish.speed, bend) - twin.state.speed) / facts_.step;
    }
  }
  accels_.resize(scenes_.size());
  drivers_.Decide(now.time, scenes_, accels_);
  for (size_t i = 0; i < driving_.size(); ++i) {
    twins_[static_cast<size_t>(driving_[i])].asked = accels_[i];
  }
  for (size_t i = 0; i < wishes.size(); ++i) {
    Command(now, wishes[i], twins_[static_cast<size_t>(twin_of[i])]);
  }
  Advance(now.time);
  for (size_t i = 0; i < wishes.size(); ++i) {
    Twin& twin = twins_[static_cast<size_t>(twin_of[i])];
    const CarState before = twin.state;
    twin.state = fleet_->State(twin.car);
    if (!known_[static_cast<size_t>(twin.vehicle)].wrecked) {
      Count(twin, before, asked_before[i]);
    }
    motions->push_back(MotionOf(now, wishes[i], twin));
  }
}

void TwinPilot::Advance(double time) {
  try {
    fleet_->Advance(facts_.step);
  } catch (const Error& error) {
    // The fleet knows its cars by number only.
    std::string who;
    for (const int32_t index : active_) {
      const Twin& twin = twins_[static_cast<size_t>(index)];
      const std::string number = "car " + std::to_string(twin.car) + " ";
      if (std::string_view(error.what()).starts_with(number)) {
        who = traffic_->vehicles()[static_cast<size_t>(twin.vehicle)].id;
      }
    }
    Fail("vehicle '", who, "' at ", time, " s: ", error.what());
  }
}

}  // namespace tersor::twin
