#include <memory>
#include <string>

#include "bench_twin.h"
#include "tersor/twin/dynamics/fleet.h"

namespace tersor::cli {
namespace {

/// Cars of all four kinds that speed up, brake and steer towards the next line.
class DrivenFleet {
 public:
  DrivenFleet(twin::DynamicsLevel level, int cars) : fleet_(twin::MakeFleet(level)), cars_(cars) {
    for (int i = 0; i < cars; ++i) {
      const std::string kind(twin::BodyNames()[static_cast<size_t>(i) % twin::BodyNames().size()]);
      fleet_->Add(twin::ShippedBody(kind), {0, 4.0 * i, 90}, 15 + i % 10);
    }
  }

  /// Simulated seconds a wall second, commands ten times a simulated second.
  double Rate() {
    constexpr int kSteps = 10;
    constexpr double kStep = 0.1;  // s
    const double seconds = SecondsOf([&] {
      for (int step = 0; step < kSteps; ++step) {
        for (int car = 0; car < cars_; ++car) {
          const twin::CarState state = fleet_->State(car);
          fleet_->Command(car, {.accel = (state.speed > 20 ? -1.0 : 1.0) + 0.5 * (car % 3),
                                .target_x = state.pose.x + 20,
                                .target_y = 4.0 * car + (turns_ % 2)});
        }
        fleet_->Advance(kStep);
      }
    });
    ++turns_;
    return kSteps * kStep / seconds;
  }

 private:
  std::unique_ptr<twin::Fleet> fleet_;
  int cars_, turns_ = 0;
};

}  // namespace

void BenchTwinDynamics(const BenchOptions& options, Record& record) {
  const auto row = [&](const std::string& name, twin::DynamicsLevel level, int cars) {
    if (options.Wants(name)) {
      DrivenFleet fleet(level, cars);
      RunRow({name, "simulated s/s", "real time", [&] { return fleet.Rate(); }, [] { return 1.0; }},
             options, record);
    }
  };
  row("twin_l1_realtime", twin::DynamicsLevel::kSingleTrack, 1000);
  row("twin_l2_realtime", twin::DynamicsLevel::kMultiBody, 40);
}

}  // namespace tersor::cli
