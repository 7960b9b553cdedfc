#include "tersor/twin/dynamics/validate_dynamics.h"

#include <fmt/core.h>

#include <array>
#include <cmath>
#include <numbers>
#include <string>

#include "tersor/twin/dynamics/dynamics_pictures.h"
#include "tersor/twin/dynamics/manoeuvres.h"
#include "tersor/twin/dynamics/single_track.h"
#include "tersor/twin/dynamics/steering.h"
#include "tersor/twin/dynamics/tyre.h"
#include "tersor/twin/weather/weather.h"

namespace tersor::twin {
namespace {

constexpr double kDegree = std::numbers::pi / 180;

struct Level {
  DynamicsLevel level;
  const char* name;
};
constexpr std::array<Level, 3> kLevels = {{{DynamicsLevel::kPointMass, "L0"},
                                           {DynamicsLevel::kSingleTrack, "L1"},
                                           {DynamicsLevel::kMultiBody, "L2"}}};

ValidationSection Tyres() {
  ValidationSection section;
  section.title = "Tyres";
  section.text =
      "The Magic Formula with B 10, C 1.9, D 3200 N, E 0.97 and Fiala's brush with 60 kN/rad, "
      "friction 0.8 and 4 kN, beside values computed by hand; the load that moves between the "
      "axles "
      "of 1500 kg at -5 m/s², and the linear single track of 1500 kg on 1.2 and 1.5 m with 80 and "
      "90 kN/rad.";
  const MagicFormula magic = {10, 1.9, 0.97};
  section.rows = {
      Near("Magic Formula at slip 0.1", "N", 3200 * magic(0.1), 3058.69, 1e-4),
      Near("Magic Formula at slip 1", "N", 3200 * magic(1), 2926.47, 1e-4),
      Near("Magic Formula, slip of its peak", "", magic.PeakSlip(), 0.18, 0.03),
      Near("Fiala at 2 degrees", "N", FialaForce(2 * kDegree, 60000, 0.8, 4000), -1671.22, 1e-4),
      Near("Fiala at 4 degrees", "N", FialaForce(4 * kDegree, 60000, 0.8, 4000), -2629.08, 1e-4),
      Near("Fiala, slide angle", "degrees", FialaSlideAngle(60000, 0.8, 4000) / kDegree, 9.0903,
           1e-4),
      Near("load shift", "N", -LoadShift(1500, -5, 0.55, 2.7), 1527.8, 1e-4)};
  VehicleBody body;
  body.mass = 1500;
  body.front.distance = 1.2;
  body.rear.distance = 1.5;
  body.front.cornering_stiffness = 80000;
  body.rear.cornering_stiffness = 90000;
  section.rows.push_back(
      Near("understeer gradient K", "s²/m²", UndersteerGradient(body), 0.00111454, 1e-4));
  section.rows.push_back(Near("yaw gain at 20 m/s", "1/s", YawGain(body, 20), 5.1233, 1e-4));
  section.rows.push_back(
      Near("characteristic speed", "m/s", CharacteristicSpeed(body), 29.954, 1e-4));
  section.pictures = {TyreCurves()};
  return section;
}

ValidationSection BrakingSection(const std::vector<VehicleBody>& bodies) {
  ValidationSection section;
  section.title = "Braking";
  section.text =
      "Full braking from 20 m/s on frictions of 0.8, 0.4 and 0.2 (sliding: 0.8 of that), beside v²/"
      "(2 mu g). Brakes have no lag here and nothing but the tyres slows the car. An anti-lock "
      "system should use 0.9 to 1 of the peak, so that the distance is up to 1/0.9 of the closed "
      "form; without one, wheels lock and the sliding friction counts.";
  constexpr double kSpeed = 20, kSlide = 0.8;
  for (VehicleBody body : bodies) {
    body = PromptBody(body);
    for (const auto& [level, level_name] : kLevels) {
      for (const double friction : {0.8, 0.4, 0.2}) {
        const RoadSurface road = {.friction_peak = friction, .friction_slide = kSlide * friction};
        const Braking stop = BrakeFrom(level, body, {kSpeed}, road).front();
        const double ideal = IdealStoppingDistance(kSpeed, friction);
        const std::string what =
            fmt::format("{}, {}, friction {}", body.name, level_name, friction);
        section.rows.push_back(
            {what + ": to rest", "m", stop.distance, ideal, 0.995 * ideal, ideal / 0.9});
        if (level != DynamicsLevel::kPointMass) {  // which has it as a constant
          section.rows.push_back(
              {what + ": peak friction used", "", stop.friction_use, 0.95, 0.9, 1.005});
        }
      }
    }
    body.abs = false;
    const double slide = kSlide * 0.8;
    section.rows.push_back(
        Near(fmt::format("{}, L1, friction 0.8, wheels locked: to rest", body.name), "m",
             BrakeFrom(DynamicsLevel::kSingleTrack, body, {kSpeed},
                       {.friction_peak = 0.8, .friction_slide = slide})
                 .front()
                 .distance,
             IdealStoppingDistance(kSpeed, slide), 0.03));
  }
  section.pictures = {StoppingFan(bodies)};
  return section;
}

ValidationSection Steering(const std::vector<VehicleBody>& bodies) {
  ValidationSection section;
  section.title = "Steering";
  section.text =
      "A step of the steering at 22.2 m/s beside the linear single track's yaw gain v/L / (1 + K "
      "v²), and steady driving on a circle of 60 m: steering a m/s² of lateral acceleration beside "
      "L K, between 0.05 and 0.1 g, and steering beside atan(L/R (1 + K v²)). L1 is that model "
      "within 1 % up to 0.3 g; from there on its tyres give way, which the linear ones do not, so "
      "that 3 % are allowed at 0.4 g. L2 understeers more, since load moves to the outer wheels, "
      "which lose friction by it; up to 20 % more is allowed.";
  constexpr double kSpeed = 22.2, kSteer = 0.005, kRadius = 60;
  const std::vector<double> accels = {0.05 * kGravity, 0.1 * kGravity, 0.2 * kGravity,
                                      0.3 * kGravity, 0.4 * kGravity};
  for (const VehicleBody& body : bodies) {
    const double gradient = UndersteerGradient(body), wheelbase = body.wheelbase();
    for (const auto& [level, level_name] : kLevels) {
      const std::string what = fmt::format("{}, {}", body.name, level_name);
      const bool simple = level != DynamicsLevel::kMultiBody;
      const StepSteer step = SteerStep(level, body, kSpeed, kSteer);
      const double gain = YawGain(body, step.speed);
      section.rows.push_back({what + ": yaw gain", "1/s", step.yaw_gain, gain,
                              (simple ? 0.98 : 0.9) * gain, 1.02 * gain});
      const std::vector<CirclePoint> circle = ConstantRadius(level, body, kRadius, accels);
      const double slope = wheelbase * gradient;
      section.rows.push_back({what + ": understeer", "rad/(m/s²)", UndersteerSlope(circle), slope,
                              0.96 * slope, (simple ? 1.06 : 1.2) * slope});
      if (level == DynamicsLevel::kSingleTrack) {
        for (size_t i = 1; i < circle.size(); ++i) {
          section.rows.push_back(
              Near(fmt::format("{}: steering at {:.1f} g", what, accels[i] / kGravity), "rad",
                   circle[i].steer, SteerAngle(1 / kRadius, circle[i].speed, wheelbase, gradient),
                   i + 1 < circle.size() ? 0.01 : 0.03));
        }
      }
    }
  }
  section.pictures = {UndersteerCurves(bodies), GgDiagram()};
  return section;
}

ValidationSection LaneChanges(const std::vector<VehicleBody>& bodies) {
  ValidationSection section;
  section.title = "Double lane change";
  section.text =
      "The lanes of ISO 3888-1, throttle held, the same driver in L1 and L2, for vehicles of up to "
      "3.5 t. Nobody publishes what the difference should be: 0 would be two equal models, and up "
      "to "
      "0.25 m is allowed as long as the tyres hold. The driver's own distance from the line is "
      "allowed half a metre. Beyond the speed that tyres hold, the two part, since one spins "
      "earlier "
      "than the other; the picture's last panel shows it, and no row asks for more.";
  constexpr double kHeaviest = 3500;  // kg: the standard is for cars and light vans
  struct Case {
    const char* preset;
    double speed;  // m/s
  };
  for (const VehicleBody& body : bodies) {
    if (body.mass > kHeaviest) {
      continue;
    }
    for (const Case& one : {Case{"clear_dry", 60 / 3.6}, Case{"clear_dry", 80 / 3.6},
                            Case{"heavy_rain", 70 / 3.6}, Case{"snow", 40 / 3.6}}) {
      const Weather& weather = WeatherPreset(one.preset);
      const RoadSurface road = {.friction_peak = weather.friction_peak,
                                .friction_slide = weather.friction_slide};
      const DoubleLaneChange l1 = ChangeLanes(DynamicsLevel::kSingleTrack, body, one.speed, road);
      const DoubleLaneChange l2 = ChangeLanes(DynamicsLevel::kMultiBody, body, one.speed, road);
      const std::string what =
          fmt::format("{}, {}, {:.0f} km/h", body.name, one.preset, 3.6 * one.speed);
      section.rows.push_back({what + ": L2 from L1", "m", LargestGap(l1, l2), 0, 0, 0.25});
      section.rows.push_back({what + ": L2 from the line", "m", l2.most_offset, 0, 0, 0.5});
    }
  }
  section.pictures = {LaneChangePaths()};
  return section;
}

}  // namespace

std::vector<ValidationSection> ValidateDynamics(const std::vector<VehicleBody>& bodies) {
  return {Tyres(), BrakingSection(bodies), Steering(bodies), LaneChanges(bodies)};
}

}  // namespace tersor::twin
