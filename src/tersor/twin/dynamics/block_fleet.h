// A fleet of any level: places of cars, substeps, threads and the watch over finite numbers.
#ifndef TERSOR_TWIN_DYNAMICS_BLOCK_FLEET_H_
#define TERSOR_TWIN_DYNAMICS_BLOCK_FLEET_H_

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "tersor/twin/dynamics/car_rows.h"
#include "tersor/twin/dynamics/fleet.h"
#include "tersor/util/error.h"
#include "tersor/util/parallel_for.h"

namespace tersor::twin {

/// Rows: CarRows with Place(rows, lane, body, speed) and Advance(rows, h, substeps), which moves
/// all lanes on.
template <typename Rows>
class BlockFleet : public Fleet {
 public:
  BlockFleet(double substep, int threads) : substep_(substep), threads_(threads) {}

  int32_t Add(const VehicleBody& body, const FrontPose& pose, double speed) override {
    body.Validate();
    CheckFinite(pose.x + pose.y + pose.angle + speed, "a car's first pose or speed");
    if (free_.empty()) {
      const auto first = static_cast<int32_t>(blocks_.size()) * kLanes;
      auto block = std::make_unique<Rows>();
      for (int lane = 0; lane < kLanes; ++lane) {
        PlaceAt(*block, lane, ShippedBody("sedan"), {}, 0);  // stands until somebody comes
      }
      block->newest_slot = 0;
      blocks_.push_back(std::move(block));
      bodies_.resize(blocks_.size() * kLanes);
      surfaces_.resize(blocks_.size() * kLanes);
      used_.resize(blocks_.size() * kLanes, false);
      for (int32_t lane = kLanes - 1; lane >= 0; --lane) {
        free_.push_back(first + lane);
      }
    }
    const int32_t car = free_.back();
    free_.pop_back();
    bodies_[static_cast<size_t>(car)] = body;
    surfaces_[static_cast<size_t>(car)] = {};
    used_[static_cast<size_t>(car)] = true;
    PlaceAt(Block(car), car % kLanes, body, pose, speed);
    return car;
  }

  void Remove(int32_t car) override {
    Check(car);
    used_[static_cast<size_t>(car)] = false;
    PlaceAt(Block(car), car % kLanes, ShippedBody("sedan"), {}, 0);
    free_.push_back(car);
  }

  void Command(int32_t car, const CarCommand& command) override {
    Check(car);
    CheckFinite(command.accel + command.target_x + command.target_y + command.steer.value_or(0),
                internal::Concat("the command to car ", car));
    PlaceCommand(Block(car), car % kLanes, command);
  }

  void SetSurface(int32_t car, const RoadSurface& surface) override {
    Check(car);
    RoadSurface& known = surfaces_[static_cast<size_t>(car)];
    if (surface != known) {
      surface.Validate();
      PlaceSurface(Block(car), car % kLanes, surface, bodies_[static_cast<size_t>(car)]);
      known = surface;
    }
  }

  void Advance(double seconds) override {
    CheckFinite(seconds, "the time to advance by");
    const auto count = static_cast<int64_t>(std::ceil(seconds / substep_ - 1e-9));
    if (count <= 0) {
      return;
    }
    const double h = seconds / static_cast<double>(count);
    for (int64_t done = 0; done < count;) {
      // Up to the controllers' next look.
      const bool look = until_control_ <= 0.5 * h;
      if (look) {
        until_control_ += kControlPeriod;
      }
      const auto ahead = static_cast<int64_t>(std::ceil(until_control_ / h - 0.5));
      const int64_t part = std::clamp<int64_t>(ahead, 1, count - done);
      parts_.push_back({look, part});
      until_control_ -= static_cast<double>(part) * h;
      done += part;
    }
    Run(h);
    parts_.clear();
    time_ += seconds;
  }

  CarState State(int32_t car) const override {
    Check(car);
    return StateOf(*blocks_[static_cast<size_t>(car / kLanes)], car % kLanes);
  }

 private:
  /// Substeps between two looks of the controllers, the first of which may come first.
  struct Part {
    bool look;
    int64_t substeps;
  };

  static void CheckFinite(double value, const std::string& what) {
    TERSOR_CHECK(std::isfinite(value), what, " is not a finite number");
  }

  Rows& Block(int32_t car) { return *blocks_[static_cast<size_t>(car / kLanes)]; }

  void Check(int32_t car) const {
    TERSOR_CHECK(car >= 0 && car < std::ssize(used_) && used_[static_cast<size_t>(car)], "car ",
                 car, " is not in the fleet");
  }

  static void PlaceAt(Rows& rows, int lane, const VehicleBody& body, const FrontPose& pose,
                      double speed) {
    PlaceCar(rows, lane, body, pose, speed);
    Rows::Place(rows, lane, body, speed);
  }

  void Run(double h) {
    const auto run = [&](int64_t first, int64_t last) {
      for (int64_t block = first; block < last; ++block) {
        double time = time_;
        for (const Part& part : parts_) {
          if (part.look) {
            Control(*blocks_[static_cast<size_t>(block)]);
          }
          Rows::Advance(*blocks_[static_cast<size_t>(block)], h, part.substeps);
          time += static_cast<double>(part.substeps) * h;
          CheckMotion(block, time);
        }
      }
    };
    const auto blocks = static_cast<int64_t>(blocks_.size());
    if (threads_ == 1) {
      run(0, blocks);
    } else {
      ParallelFor(0, blocks, kBlocksWorthAThread, run);
    }
  }

  /// Throws Error for the first car that has left the finite numbers.
  void CheckMotion(int64_t block, double time) const {
    const Rows& rows = *blocks_[static_cast<size_t>(block)];
    for (int lane = 0; lane < kLanes; ++lane) {
      for (const auto& [name, row] : {std::pair{"x", &rows.x},
                                      {"y", &rows.y},
                                      {"speed", &rows.vx},
                                      {"lateral speed", &rows.vy},
                                      {"yaw rate", &rows.yaw_rate},
                                      {"steer", &rows.steer},
                                      {"drive force", &rows.drive},
                                      {"brake force", &rows.brake}}) {
        TERSOR_CHECK(std::abs((*row)[static_cast<size_t>(lane)]) < kLargest, "car ",
                     block * kLanes + lane, " (",
                     bodies_[static_cast<size_t>(block * kLanes + lane)].name, "): its ", name,
                     " left the finite numbers at ", time,
                     " s of the fleet's time; its vehicle's "
                     "values do not go with a substep of ",
                     substep_, " s");
      }
    }
  }

  static constexpr int64_t kBlocksWorthAThread = 8;
  static constexpr double kLargest = 1e9;  // m, m/s, N: nothing on a road comes near

  double substep_;
  int threads_;
  double time_ = 0, until_control_ = 0;
  std::vector<std::unique_ptr<Rows>> blocks_;
  std::vector<VehicleBody> bodies_;  // of each car, and what was there before it
  std::vector<RoadSurface> surfaces_;
  std::vector<bool> used_;
  std::vector<int32_t> free_;
  std::vector<Part> parts_;
};

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_DYNAMICS_BLOCK_FLEET_H_
