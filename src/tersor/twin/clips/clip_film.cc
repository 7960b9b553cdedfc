#include "tersor/twin/clips/clip_film.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "tersor/twin/random_stream.h"
#include "tersor/twin/weather/weathered_demand.h"
#include "tersor/util/interrupt.h"
#include "tersor/util/rng.h"

namespace tersor::twin {
namespace {

constexpr double kLaneChange = 2.5;  // s
constexpr double kJump = 1.2;        // m to the side within a step that only a lane change makes
constexpr double kBraking = -0.6;    // m/s^2 from which brake lamps show
constexpr int kTries = 24;           // places that are looked at for a clip
constexpr uint64_t kDraws = 8;       // random numbers a try
constexpr double kEnough = 4;        // of Interest()

/// How much of a lane change is left.
double Left(double share) {
  const double t = std::clamp(share, 0.0, 1.0);
  return 1 - t * t * (3 - 2 * t);
}

Demand Weathered(const ClipWorld& world, const Weather& weather) {
  Demand demand = world.demand;
  ApplyWeather(weather, 1, world.seed, &demand);
  return demand;
}

}  // namespace

void SeenTraffic::Look(const Traffic& traffic, double step) {
  const Snapshot& now = traffic.snapshot();
  traces_.resize(traffic.vehicles().size());
  vehicles_.clear();
  numbers_.assign(now.vehicle.begin(), now.vehicle.end());
  for (size_t i = 0; i < now.vehicle.size(); ++i) {
    const auto number = static_cast<size_t>(now.vehicle[i]);
    const Vehicle& vehicle = traffic.vehicles()[number];
    Trace& trace = traces_[number];
    ViewedVehicle& seen = vehicles_.emplace_back();
    const double heading = HeadingOfSumoAngle(now.angle[i]);
    const double c = std::cos(heading), s = std::sin(heading);
    if (!trace.seen) {
      trace.seen = true;
      trace.since = now.time - kLaneChange;
      trace.paint = Rng(seed_, StreamOf("paint", vehicle.id)).Bits64(0) >> 1;
    } else {
      const double dx = now.x[i] - trace.x, dy = now.y[i] - trace.y;
      const double jump = dy * c - dx * s;  // to the left
      if (std::abs(jump) > kJump && std::hypot(dx, dy) < now.speed[i] * step + 6) {
        trace.beside = trace.beside * Left((now.time - trace.since) / kLaneChange) - jump;
        trace.since = now.time;
      }
    }
    trace.x = now.x[i];
    trace.y = now.y[i];
    const double share = (now.time - trace.since) / kLaneChange;
    const double beside = share < 1 ? trace.beside * Left(share) : 0;
    const double drift =
        share < 1 ? trace.beside * (Left(share + 0.01) - Left(share)) / (0.01 * kLaneChange) : 0;
    seen.paint = trace.paint;
    seen.front = {{now.x[i] - beside * s, now.y[i] + beside * c},
                  heading + std::atan2(drift, std::max(now.speed[i], 4.0))};
    seen.length = vehicle.length;
    seen.width = vehicle.width;
    seen.speed = now.speed[i];
    seen.brakes = now.accel[i] < kBraking || now.speed[i] < 0.3;
  }
}

int64_t SeenTraffic::Find(int32_t vehicle) const {
  const auto at = std::lower_bound(numbers_.begin(), numbers_.end(), vehicle);
  return at != numbers_.end() && *at == vehicle ? at - numbers_.begin() : -1;
}

/// Where the camera looks: at a place, or after a vehicle.
struct ClipFilm::Shot {
  Camera camera;
  int32_t vehicle = -1;  // that it follows
  bool turns = false;    // with it
};

ClipFilm::ClipFilm(const ClipWorld& world, const Weather& weather, const ClipFormat& format)
    : world_(world),
      format_(format),
      demand_(Weathered(world, weather)),
      step_(1 / format.fps / std::ceil(1 / format.fps / world.step)),
      traffic_(std::make_unique<EmbeddedTraffic>(
          *world.network, demand_,
          EmbeddedOptions{.step_length = step_, .begin = world.begin, .seed = world.seed})),
      seen_(world.seed),
      eye_(*world.scenery, weather, static_cast<int>(format.size), static_cast<int>(format.size),
           world.seed) {
  AdvanceTo(world.filming);
}

ClipFilm::~ClipFilm() = default;

void ClipFilm::Advance() {
  traffic_->Step();
  ++steps_;
  seen_.Look(*traffic_, step_);
}

void ClipFilm::AdvanceTo(double time) {
  while (world_.begin + static_cast<double>(steps_) * step_ < time) {
    ThrowIfInterrupted("recording was stopped; whole shards are kept");
    Advance();
  }
}

bool ClipFilm::NearBorder(const Point& point, double reach) const {
  return std::any_of(world_.network->junctions.begin(), world_.network->junctions.end(),
                     [&](const Junction& junction) {
                       return junction.type == "dead_end" &&
                              Distance(junction.position, point) < reach;
                     });
}

ClipFilm::Shot ClipFilm::DrawShot(const Rng& rng, uint64_t draw) const {
  Shot shot;
  const double kind = rng.Uniform(draw), turn = 2 * std::numbers::pi * rng.Uniform(draw + 1);
  shot.camera.heading = turn;
  shot.camera.metres = format_.metres * (0.8 + 0.4 * rng.Uniform(draw + 2));
  const double away = 0.2 * shot.camera.metres * rng.Uniform(draw + 3);
  const auto aside = [&](const Point& point) {
    return Point{point.x + away * std::cos(3 * turn), point.y + away * std::sin(3 * turn)};
  };
  if (kind < 0.5 || seen_.vehicles().empty()) {
    std::vector<const Junction*> crossings;
    for (const Junction& junction : world_.network->junctions) {
      if (junction.ways.size() > 3) {
        crossings.push_back(&junction);
      }
    }
    if (crossings.empty()) {
      const Network& network = *world_.network;
      const Lane& lane =
          network.lanes[static_cast<size_t>(rng.Below(draw + 4, network.lanes.size()))];
      shot.camera.center = aside(PoseAt(lane.shape, rng.Uniform(draw + 5) * lane.length).point);
    } else {
      shot.camera.center =
          aside(crossings[static_cast<size_t>(rng.Below(draw + 4, crossings.size()))]->position);
    }
    return shot;
  }
  const auto place = static_cast<size_t>(rng.Below(draw + 4, seen_.vehicles().size()));
  const ViewedVehicle& vehicle = seen_.vehicles()[place];
  const double c = std::cos(vehicle.front.heading), s = std::sin(vehicle.front.heading);
  if (kind < 0.7) {  // it drives through the picture
    const double ahead = 0.5 * vehicle.speed * format_.seconds();
    shot.camera.center =
        aside({vehicle.front.point.x + ahead * c, vehicle.front.point.y + ahead * s});
    return shot;
  }
  shot.vehicle = seen_.numbers()[place];
  shot.turns = kind > 0.85;
  shot.camera.center = vehicle.front.point;
  if (shot.turns) {
    shot.camera.heading = vehicle.front.heading;
  }
  return shot;
}

/// Two for each moving vehicle in the picture, some for those that stand; not where roads end.
double ClipFilm::Interest(const Shot& shot) const {
  double reach = 0.75 * shot.camera.metres;
  if (shot.vehicle >= 0) {
    const int64_t place = seen_.Find(shot.vehicle);
    reach +=
        place >= 0 ? seen_.vehicles()[static_cast<size_t>(place)].speed * format_.seconds() : 0;
  }
  if (NearBorder(shot.camera.center, reach)) {
    return -1;
  }
  double interest = 0;
  for (const ViewedVehicle& vehicle : seen_.vehicles()) {
    if (Distance(vehicle.front.point, shot.camera.center) < 0.42 * shot.camera.metres) {
      interest += vehicle.speed > 1 ? 2 : 0.25;
    }
  }
  return interest;
}

ClipFilm::Shot ClipFilm::ChooseShot(uint64_t number) const {
  const Rng rng(world_.seed, StreamOf("clip shot") + number);
  Shot best;
  double most = -2;
  for (uint64_t attempt = 0; attempt < kTries && most < kEnough; ++attempt) {
    const Shot shot = DrawShot(rng, kDraws * attempt);
    const double interest = Interest(shot);
    if (interest > most) {
      most = interest;
      best = shot;
    }
  }
  return best;
}

void ClipFilm::Shoot(uint64_t number, std::span<uint8_t> pixels) {
  const double pause =
      (0.4 + 0.6 * Rng(world_.seed, StreamOf("clip pause")).Uniform(number)) * kMostPause;
  AdvanceTo(world_.begin + static_cast<double>(steps_) * step_ + (number > 0 ? pause : 0));
  Shot shot = ChooseShot(number);
  const auto frame_steps = std::llround(1 / format_.fps / step_);
  const auto frame_bytes = static_cast<size_t>(format_.size * format_.size * 3);
  Moment moment;
  for (int64_t frame = 0; frame < format_.frames; ++frame) {
    for (int64_t step = 0; step < (frame > 0 ? frame_steps : 0); ++step) {
      Advance();
    }
    const int64_t followed = shot.vehicle >= 0 ? seen_.Find(shot.vehicle) : -1;
    if (followed >= 0) {
      const Pose& front = seen_.vehicles()[static_cast<size_t>(followed)].front;
      shot.camera.center = front.point;
      if (shot.turns) {  // the camera turns more softly than the vehicle
        shot.camera.heading +=
            0.3 * std::remainder(front.heading - shot.camera.heading, 2 * std::numbers::pi);
      }
    }
    moment.time = traffic_->snapshot().time;
    moment.vehicles = seen_.vehicles();
    moment.signals.clear();
    for (size_t signal = 0; signal < world_.network->signals.size(); ++signal) {
      moment.signals.push_back(traffic_->signal_state(static_cast<int32_t>(signal)));
    }
    eye_.Render(shot.camera, moment,
                pixels.subspan(static_cast<size_t>(frame) * frame_bytes, frame_bytes));
  }
}

}  // namespace tersor::twin
