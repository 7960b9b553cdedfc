#include "tersor/twin/clips/birds_eye.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "tersor/util/rng.h"

namespace tersor::twin {
namespace {

constexpr int kSamples = 4;  // a pixel along and across
constexpr uint64_t kLookStream = 0x6c6f6f6b;

/// Where a point lies that is so far behind a vehicle's front bumper, and left of its middle.
Point Behind(const ViewedVehicle& vehicle, double behind, double left) {
  const double c = std::cos(vehicle.front.heading), s = std::sin(vehicle.front.heading);
  return {vehicle.front.point.x - behind * c - left * s,
          vehicle.front.point.y - behind * s + left * c};
}

/// A part of a vehicle, its corners cut off.
std::array<Point, 8> Box(const ViewedVehicle& vehicle, double from, double to, double half_width,
                         double corner) {
  const auto at = [&](double behind, double left) { return Behind(vehicle, behind, left); };
  const double w = half_width, c = corner;
  return {at(from, w - c), at(from, c - w), at(from + c, -w), at(to - c, -w),
          at(to, c - w),   at(to, w - c),   at(to - c, w),    at(from + c, w)};
}

/// White, silver and dark cars are the most.
Material BodyOf(uint64_t paint) {
  constexpr std::array<int, 20> kShares = {0, 0, 0, 0, 1, 1, 1, 2, 2,  3,
                                           3, 4, 4, 5, 6, 7, 8, 9, 10, 11};
  return static_cast<Material>(static_cast<int>(Material::kBody) + kShares[paint % kShares.size()]);
}

bool IsBus(const ViewedVehicle& vehicle) { return vehicle.length >= 10; }
bool IsTruck(const ViewedVehicle& vehicle) { return vehicle.length >= 6.5 && !IsBus(vehicle); }

Material SignalColor(char letter) {
  return letter == 'G' || letter == 'g'   ? Material::kSignalGreen
         : letter == 'y' || letter == 'Y' ? Material::kSignalYellow
                                          : Material::kSignalRed;
}

}  // namespace

BirdsEye::BirdsEye(const Scenery& scenery, const Weather& weather, int height, int width,
                   uint64_t seed)
    : scenery_(scenery),
      look_(LookOf(weather)),
      height_(height),
      width_(width),
      seed_(seed),
      sun_([seed] {
        const double azimuth = 2 * std::numbers::pi * Rng(seed, kLookStream).Uniform(0);
        return Point{0.7 * std::cos(azimuth), 0.7 * std::sin(azimuth)};
      }()),
      wind_(1.2 + 0.7 * Rng(seed, kLookStream).Uniform(1)),
      materials_(256),
      canvas_(width, height, kSamples) {
  const auto pixels = static_cast<size_t>(height) * static_cast<size_t>(width);
  surface_.resize(pixels);
  lamps_.resize(pixels);
  image_.resize(pixels);
  for (size_t i = 0; i < static_cast<size_t>(kMaterials); ++i) {
    const auto material = static_cast<Material>(i);
    Surface& lit = materials_[i];
    lit.color = look_.color[i];
    lit.emission = look_.emission[i];
    lit.ground = material == Material::kGround ? 1 : 0;
    lit.road = material >= Material::kRoad && material <= Material::kYellowLine ? 1 : 0;
    Surface& shaded = materials_[i | Canvas::kShadow];
    shaded = lit;
    shaded.color = look_.shadow * lit.color;
  }
}

void BirdsEye::Render(const Camera& camera, const Moment& moment, std::span<uint8_t> pixels) {
  camera_ = camera;
  scale_ = height_ / camera.metres;
  cos_ = std::cos(camera.heading);
  sin_ = std::sin(camera.heading);
  DrawRoads(moment);
  DrawShadows(moment);
  for (const ViewedVehicle& vehicle : moment.vehicles) {
    if (Sees(vehicle.front.point, vehicle.length)) {
      DrawVehicle(vehicle);
    }
  }
  for (const Scenery::Shape& shape : scenery_.tall) {
    if (Sees(shape.middle, shape.radius)) {
      Draw(scenery_.PointsOf(shape), shape.material);
    }
  }
  Resolve();
  LightLamps(moment);
  LightUp();
  Spray(moment);
  Veil(moment.time);
  AddGlows();
  DropRain(moment.time);
  DropSnow(moment.time);
  // Of 4096 steps the dark ones are finer than those of a byte.
  static const std::vector<uint8_t> bytes = [] {
    std::vector<uint8_t> table(4096);
    for (size_t i = 0; i < table.size(); ++i) {
      const double v = (static_cast<double>(i) + 0.5) / 4096;
      const double encoded = v <= 0.0031308 ? 12.92 * v : 1.055 * std::pow(v, 1 / 2.4) - 0.055;
      table[i] = static_cast<uint8_t>(std::lround(255 * encoded));
    }
    return table;
  }();
  const auto encode = [](float value) {
    return bytes[static_cast<size_t>(std::clamp(value, 0.0F, 0.9999F) * 4096)];
  };
  for (size_t i = 0; i < image_.size(); ++i) {
    pixels[3 * i] = encode(image_[i].r);
    pixels[3 * i + 1] = encode(image_[i].g);
    pixels[3 * i + 2] = encode(image_[i].b);
  }
}

Point BirdsEye::Project(const Point& point) const {
  const double dx = point.x - camera_.center.x, dy = point.y - camera_.center.y;
  const double ahead = dx * cos_ + dy * sin_, right = dx * sin_ - dy * cos_;
  return {0.5 * width_ + scale_ * right, 0.5 * height_ - scale_ * ahead};
}

Point BirdsEye::ToWorld(double x, double y) const {
  const double right = (x - 0.5 * width_) / scale_, ahead = (0.5 * height_ - y) / scale_;
  return {camera_.center.x + ahead * cos_ + right * sin_,
          camera_.center.y + ahead * sin_ - right * cos_};
}

bool BirdsEye::Sees(const Point& point, double radius) const {
  const double reach = std::hypot(0.5 * width_, 0.5 * height_) / scale_ + radius;
  const double dx = point.x - camera_.center.x, dy = point.y - camera_.center.y;
  return dx * dx + dy * dy < reach * reach;
}

void BirdsEye::Draw(std::span<const Point> polygon, Material material) {
  projected_.clear();
  for (const Point& point : polygon) {
    projected_.push_back(Project(point));
  }
  canvas_.Fill(projected_, static_cast<uint8_t>(material));
}

/// The polygon where its top's shadow falls, and the way there.
void BirdsEye::DrawShadow(std::span<const Point> polygon, double height) {
  const Point shift = {height * sun_.x, height * sun_.y};
  projected_.clear();
  for (const Point& point : polygon) {
    projected_.push_back(Project({point.x + shift.x, point.y + shift.y}));
  }
  canvas_.Shade(projected_);
  for (size_t i = 0; i < polygon.size(); ++i) {
    const size_t next = (i + 1) % polygon.size();
    const std::array<Point, 4> side = {projected_[i], projected_[next], Project(polygon[next]),
                                       Project(polygon[i])};
    canvas_.Shade(side);
  }
}

void BirdsEye::DrawRoads(const Moment& moment) {
  canvas_.Clear(static_cast<uint8_t>(Material::kGround));
  for (const Scenery::Shape& shape : scenery_.flat) {
    if (Sees(shape.middle, shape.radius)) {
      Draw(scenery_.PointsOf(shape), shape.material);
    }
  }
  glows_.clear();
  for (const SignalBar& bar : scenery_.signals) {
    if (!Sees(bar.pose.point, 5)) {
      continue;
    }
    const std::string_view letters = moment.signals[static_cast<size_t>(bar.signal)];
    if (bar.link < 0 || bar.link >= std::ssize(letters)) {
      continue;
    }
    const Material color = SignalColor(letters[static_cast<size_t>(bar.link)]);
    const ViewedVehicle place{0, bar.pose, kSignalBar, bar.width, 0, false};
    Draw(Box(place, -kSignalBar / 2, kSignalBar / 2, 0.45 * bar.width, 0.1), color);
    if (look_.lamps) {
      glows_.push_back({bar.pose.point, 1.6, 0.25F * look_.emission[static_cast<size_t>(color)]});
    }
  }
}

void BirdsEye::DrawShadows(const Moment& moment) {
  if (look_.shadow >= 1) {
    return;
  }
  for (const Scenery::Shape& shape : scenery_.tall) {
    if (shape.height > 0 && Sees(shape.middle, shape.radius + shape.height)) {
      DrawShadow(scenery_.PointsOf(shape), shape.height);
    }
  }
  for (const ViewedVehicle& vehicle : moment.vehicles) {
    if (Sees(vehicle.front.point, vehicle.length + 4)) {
      const double height = IsBus(vehicle) || IsTruck(vehicle) ? 3 : 1.5;
      DrawShadow(Box(vehicle, 0, vehicle.length, vehicle.width / 2, 0.3), height);
    }
  }
}

void BirdsEye::DrawVehicle(const ViewedVehicle& vehicle) {
  const double length = vehicle.length, half = vehicle.width / 2;
  const auto part = [&](double from, double to, double half_width, double corner,
                        Material material) {
    Draw(Box(vehicle, from, to, half_width, corner), material);
  };
  part(0, length, half, 0.3, BodyOf(vehicle.paint));
  if (IsTruck(vehicle)) {
    part(0.5, 1.2, 0.8 * half, 0.1, Material::kGlass);
    part(0.28 * length, length, half, 0.05, Material::kCargo);
  } else if (IsBus(vehicle)) {
    part(0.25, 1, 0.85 * half, 0.1, Material::kGlass);
    part(0.3 * length, 0.42 * length, 0.5 * half, 0.1, Material::kCargo);
    part(0.66 * length, 0.78 * length, 0.5 * half, 0.1, Material::kCargo);
  } else {
    part(0.24 * length, 0.38 * length, 0.82 * half, 0.15, Material::kGlass);
    part(0.8 * length, 0.9 * length, 0.78 * half, 0.12, Material::kGlass);
  }
  const Material tail = vehicle.brakes ? Material::kBrakeLamp : Material::kTailLamp;
  const double deep = vehicle.brakes ? 0.5 : 0.35, inner = vehicle.brakes ? 0.35 : 0.55;
  for (const double side : {-1, 1}) {
    const auto lamp = [&](double from, double to, double near, Material material) {
      const std::array<Point, 4> corners = {
          Behind(vehicle, from, side * near * half), Behind(vehicle, from, side * 0.95 * half),
          Behind(vehicle, to, side * 0.95 * half), Behind(vehicle, to, side * near * half)};
      Draw(corners, material);
    };
    lamp(0, 0.35, 0.5, Material::kHeadlamp);
    lamp(length - deep, length, inner, tail);
  }
  if (look_.lamps || vehicle.brakes) {
    const float strength = (look_.lamps ? 0.5F : 0.22F) * (vehicle.brakes ? 1.2F : 0.5F);
    glows_.push_back({Behind(vehicle, length, 0), 1.3 * half + 0.5,
                      strength * look_.emission[static_cast<size_t>(tail)]});
  }
  if (look_.lamps) {
    glows_.push_back({Behind(vehicle, -0.3, 0), half + 0.6,
                      0.4F * look_.emission[static_cast<size_t>(Material::kHeadlamp)]});
  }
}

/// Samples into pixels.
void BirdsEye::Resolve() {
  const auto columns = static_cast<size_t>(width_) * kSamples;
  const std::span<const uint8_t> samples = canvas_.samples();
  constexpr float kShare = 1.0F / (kSamples * kSamples);
  for (size_t y = 0; y < static_cast<size_t>(height_); ++y) {
    for (size_t x = 0; x < static_cast<size_t>(width_); ++x) {
      Surface sum;
      for (size_t row = 0; row < kSamples; ++row) {
        const uint8_t* sample = samples.data() + (y * kSamples + row) * columns + x * kSamples;
        for (size_t column = 0; column < kSamples; ++column) {
          const Surface& material = materials_[sample[column]];
          sum.color = sum.color + material.color;
          sum.emission = sum.emission + material.emission;
          sum.road += material.road;
          sum.ground += material.ground;
        }
      }
      surface_[y * static_cast<size_t>(width_) + x] = {kShare * sum.color, kShare * sum.emission,
                                                       kShare * sum.road, kShare * sum.ground};
    }
  }
}

}  // namespace tersor::twin
