#include "tersor/twin/dynamics/dynamics_pictures.h"

#include <fmt/core.h>

#include <array>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "tersor/twin/dynamics/curve_picture.h"
#include "tersor/twin/dynamics/manoeuvres.h"
#include "tersor/twin/dynamics/tyre.h"
#include "tersor/twin/weather/weather.h"

namespace tersor::twin {
namespace {

constexpr double kDegree = std::numbers::pi / 180;

struct Road {
  const char* preset;
  const char* name;
};
constexpr std::array<Road, 5> kRoads = {{{"clear_dry", "dry"},
                                         {"light_rain", "light rain"},
                                         {"heavy_rain", "heavy rain"},
                                         {"snow", "snow"},
                                         {"ice", "ice"}}};

RoadSurface SurfaceOf(const char* preset) {
  const Weather& weather = WeatherPreset(preset);
  return {.friction_peak = weather.friction_peak, .friction_slide = weather.friction_slide};
}

TyreShape ShapeOn(const char* preset) {
  const RoadSurface road = SurfaceOf(preset);
  return ShapeOf(road.friction_peak, road.friction_slide);
}

double Share(const TyreShape& shape, double slip) {
  return shape.friction_peak * MagicShare(shape.magic.b, shape.magic.c, shape.magic.e, slip);
}

constexpr std::array<DynamicsLevel, 3> kLevels = {
    DynamicsLevel::kPointMass, DynamicsLevel::kSingleTrack, DynamicsLevel::kMultiBody};
constexpr std::array<const char*, 3> kLevelNames = {"L0", "L1", "L2"};

/// The reached accelerations to the left, and mirrored to the right.
PlottedCurve GgCurve(const std::string& name, DynamicsLevel level, const char* preset) {
  PlottedCurve curve{.name = name, .x = {}, .y = {}};
  const std::vector<Accelerations> reached =
      ReachableAccelerations(level, ShippedBody("sedan"), SurfaceOf(preset));
  for (const Accelerations& a : reached) {
    curve.x.push_back(a.across);
    curve.y.push_back(a.along);
  }
  for (size_t i = reached.size(); i > 0; --i) {
    curve.x.push_back(-reached[i - 1].across);
    curve.y.push_back(reached[i - 1].along);
  }
  return curve;
}

constexpr double kRadius = 60;  // m

PlottedCurve UndersteerCurve(const std::string& name, DynamicsLevel level,
                             const VehicleBody& body) {
  std::vector<double> accels;
  for (double accel = 0.5; accel < 8.3; accel += 0.25) {
    accels.push_back(accel);
  }
  PlottedCurve curve{.name = name, .x = {}, .y = {}};
  for (const CirclePoint& point : ConstantRadius(level, body, kRadius, accels)) {
    curve.x.push_back(point.lateral_accel);
    curve.y.push_back((point.steer - std::atan(body.wheelbase() / kRadius)) / kDegree);
  }
  return curve;
}

}  // namespace

Picture TyreCurves() {
  CurvePanel along{"pure braking", "slip", "force over load", {}};
  CurvePanel across{
      "pure cornering, sedan's front axle", "slip angle, degrees", "force over load", {}};
  const VehicleBody& body = ShippedBody("sedan");
  const TyreShape dry = ShapeOn("clear_dry");
  const double stiffer =
      body.front.cornering_stiffness / (dry.stiffness() * dry.friction_peak * body.front_load());
  for (const Road& road : kRoads) {
    const TyreShape shape = ShapeOn(road.preset);
    PlottedCurve& slip = along.curves.emplace_back(PlottedCurve{road.name, {}, {}});
    for (double s = 0; s < 1.001; s += 0.01) {
      slip.x.push_back(s);
      slip.y.push_back(Share(shape, s));
    }
    PlottedCurve& angle = across.curves.emplace_back(PlottedCurve{road.name, {}, {}});
    for (double degrees = 0; degrees < 30.01; degrees += 0.25) {
      angle.x.push_back(degrees);
      angle.y.push_back(Share(shape, stiffer * std::tan(degrees * kDegree)));
    }
  }
  Picture picture;
  picture.name = "tyre-curves";
  picture.title = "Tyres by weather";
  picture.note = "Magic Formula, peak and sliding friction of the weather presets";
  picture.description =
      "Force over load of a tyre against slip: it rises, peaks at 0.1 to 0.3, and falls to "
      "sliding. The slippier the road, the lower the peak.";
  return DrawCurves(std::move(picture), {along, across}, 2, 320);
}

Picture StoppingFan(const std::vector<VehicleBody>& bodies) {
  std::vector<double> speeds;
  for (double kmh = 10; kmh < 131; kmh += 10) {
    speeds.push_back(kmh / 3.6);
  }
  std::vector<CurvePanel> panels;
  std::vector<double> at_50;  // m, the first vehicle's, by road
  for (const VehicleBody& body : bodies) {
    CurvePanel& panel = panels.emplace_back(CurvePanel{body.name, "speed, km/h", "m to rest", {}});
    for (const Road& road : kRoads) {
      PlottedCurve& curve = panel.curves.emplace_back(PlottedCurve{road.name, {}, {}});
      const std::vector<Braking> stops =
          BrakeFrom(DynamicsLevel::kSingleTrack, body, speeds, SurfaceOf(road.preset));
      for (size_t i = 0; i < speeds.size(); ++i) {
        curve.x.push_back(3.6 * speeds[i]);
        curve.y.push_back(stops[i].distance);
      }
      if (&body == &bodies.front()) {
        at_50.push_back(curve.y[4]);  // km/h
      }
    }
  }
  Picture picture;
  picture.name = "stopping-fan";
  picture.title = "Stopping distances by weather and vehicle";
  picture.note = "single track with anti-lock system, from the brake pedal on, no reaction time";
  picture.description = fmt::format(
      "A {} needs {:.0f} m from 50 km/h on a dry road and {:.0f} m on ice; the distance grows "
      "with the square of the speed.",
      bodies.front().name, at_50.front(), at_50.back());
  return DrawCurves(std::move(picture), panels, 2, 280);
}

Picture GgDiagram() {
  CurvePanel weathers{"by weather, single track", "across, m/s²", "along, m/s²", {}};
  for (const Road& road : kRoads) {
    weathers.curves.push_back(GgCurve(road.name, DynamicsLevel::kSingleTrack, road.preset));
  }
  CurvePanel levels{"dry, by level of dynamics", "across, m/s²", "along, m/s²", {}};
  for (size_t level = 0; level < kLevels.size(); ++level) {
    levels.curves.push_back(GgCurve(kLevelNames[level], kLevels[level], "clear_dry"));
  }
  Picture picture;
  picture.name = "g-g";
  picture.title = "What a sedan's tyres and engine give at once";
  picture.note =
      "braking below, throttle above; L0 point mass, L1 single track, L2 14 degrees of freedom";
  picture.description =
      "Acceleration along against across: about a circle of friction times gravity, cut off above "
      "by the engine's power, and smaller the slippier the road.";
  return DrawCurves(std::move(picture), {weathers, levels}, 2, 400);
}

Picture UndersteerCurves(const std::vector<VehicleBody>& bodies) {
  CurvePanel vehicles{
      "by vehicle, single track", "lateral acceleration, m/s²", "steering beyond L/R, degrees", {}};
  for (const VehicleBody& body : bodies) {
    vehicles.curves.push_back(UndersteerCurve(body.name, DynamicsLevel::kSingleTrack, body));
  }
  CurvePanel levels{"sedan, by level of dynamics",
                    "lateral acceleration, m/s²",
                    "steering beyond L/R, degrees",
                    {}};
  for (size_t level = 0; level < kLevels.size(); ++level) {
    levels.curves.push_back(
        UndersteerCurve(kLevelNames[level], kLevels[level], ShippedBody("sedan")));
  }
  Picture picture;
  picture.name = "understeer";
  picture.title = "Steering on a circle of 60 m";
  picture.note = "L0 point mass with the linear law, L1 single track, L2 14 degrees of freedom";
  picture.description =
      "Steering beyond the circle's own against lateral acceleration: a straight line while tyres "
      "are far from their limit, then steeper and steeper.";
  return DrawCurves(std::move(picture), {vehicles, levels}, 2, 320);
}

Picture LaneChangePaths() {
  struct Case {
    const char *preset, *title;
    double speed;  // m/s
  };
  constexpr std::array<Case, 3> kCases = {{{"clear_dry", "dry, 80 km/h", 80 / 3.6},
                                           {"heavy_rain", "heavy rain, 70 km/h", 70 / 3.6},
                                           {"clear_dry", "dry, 100 km/h", 100 / 3.6}}};
  std::vector<CurvePanel> panels;
  std::string gaps;
  for (const Case& one : kCases) {
    CurvePanel& panel =
        panels.emplace_back(CurvePanel{one.title, "m along", "m to the left (front bumper)", {}});
    PlottedCurve line{.name = "the driver's line", .x = {}, .y = {}};
    for (double x = 0; x < 135; x += 1) {
      line.x.push_back(x);
      line.y.push_back(LaneChangeLine(x));
    }
    panel.curves.push_back(line);
    std::vector<DoubleLaneChange> drives;
    for (size_t level = 1; level < kLevels.size(); ++level) {
      PlottedCurve& curve = panel.curves.emplace_back(PlottedCurve{kLevelNames[level], {}, {}});
      drives.push_back(
          ChangeLanes(kLevels[level], ShippedBody("sedan"), one.speed, SurfaceOf(one.preset)));
      for (size_t i = 0; i < drives.back().path.size(); i += 5) {
        curve.x.push_back(drives.back().path[i].x);
        curve.y.push_back(drives.back().path[i].y);
      }
    }
    gaps += fmt::format("{}{}: {:.2f} m apart", gaps.empty() ? "" : "; ", one.title,
                        LargestGap(drives[0], drives[1]));
  }
  Picture picture;
  picture.name = "double-lane-change";
  picture.title = "Double lane change, L1 beside L2";
  picture.note = gaps;
  picture.description =
      "The paths of a sedan that changes 3.5 m to the left and back. " + gaps + ".";
  return DrawCurves(std::move(picture), panels, 1, 230);
}

}  // namespace tersor::twin
