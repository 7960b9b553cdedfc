// The part of the renderer that knows light, air and what falls.
#include <algorithm>
#include <cmath>

#include "tersor/twin/clips/birds_eye.h"
#include "tersor/util/rng.h"

namespace tersor::twin {
namespace {

constexpr uint64_t kRainStream = 0x7261696e, kFlakeStream = 0x666c616b, kSprayStream = 0x73707279;
constexpr double kCameraHeight = 8;  // m of air between the middle of the picture and the eye
constexpr double kLightReach = 45;    // m that a headlamp's light is drawn
constexpr double kPicture = 64;       // pixels: sizes of drops are given for such a picture

/// Smooth noise in [0, 1] over the plane, one lattice point a unit.
float Noise(double x, double y, uint32_t seed) {
  const double fx = std::floor(x), fy = std::floor(y);
  const auto at = [seed](int64_t column, int64_t row) {
    uint32_t h = static_cast<uint32_t>(column) * 0x9E3779B1U ^
                 static_cast<uint32_t>(row) * 0x85EBCA77U ^ seed;
    h = (h ^ (h >> 15)) * 0x2C1B3C6DU;
    h = (h ^ (h >> 12)) * 0x297A2D39U;
    return static_cast<float>((h ^ (h >> 15)) >> 8) * 0x1.0p-24F;
  };
  const auto smooth = [](double t) { return static_cast<float>(t * t * (3 - 2 * t)); };
  const float u = smooth(x - fx), v = smooth(y - fy);
  const auto column = static_cast<int64_t>(fx), row = static_cast<int64_t>(fy);
  const float low = at(column, row) * (1 - u) + at(column + 1, row) * u;
  const float high = at(column, row + 1) * (1 - u) + at(column + 1, row + 1) * u;
  return low * (1 - v) + high * v;
}

float Word(uint32_t word) { return static_cast<float>(word >> 8) * 0x1.0p-24F; }

/// A number for a time, so that what falls differs from frame to frame.
uint64_t Tick(double time) { return static_cast<uint64_t>(std::llround(time * 1000)) << 16; }

}  // namespace

/// What the headlamps throw onto the road. Cars do not hide it from what is behind them.
void BirdsEye::LightLamps(const Moment& moment) {
  if (look_.light.r > 0.2F) {
    return;  // by day it does not show
  }
  std::fill(lamps_.begin(), lamps_.end(), Rgb{});
  const Rgb beam = {1.5F, 1.38F, 1.1F};
  for (const ViewedVehicle& vehicle : moment.vehicles) {
    if (!Sees(vehicle.front.point, kLightReach)) {
      continue;
    }
    const double c = std::cos(vehicle.front.heading), s = std::sin(vehicle.front.heading);
    for (int y = 0; y < height_; ++y) {
      for (int x = 0; x < width_; ++x) {
        const Point at = ToWorld(x + 0.5, y + 0.5);
        const double dx = at.x - vehicle.front.point.x, dy = at.y - vehicle.front.point.y;
        const double ahead = dx * c + dy * s;
        if (ahead <= 0 || ahead > kLightReach) {
          continue;
        }
        const double beside = (dx * s - dy * c) / (0.9 + 0.2 * ahead);
        if (std::abs(beside) < 2.6) {
          const double end = 1 - ahead * ahead / (kLightReach * kLightReach);
          const double fade = end * end * ahead / (ahead + 1.2) / (1 + ahead * ahead / 220);
          lamps_[static_cast<size_t>(y * width_ + x)] =
              lamps_[static_cast<size_t>(y * width_ + x)] +
              static_cast<float>(fade * std::exp(-beside * beside)) * beam;
        }
      }
    }
  }
}

/// Grain of grass and road, wet gleam, light.
void BirdsEye::LightUp() {
  const auto seed = static_cast<uint32_t>(seed_);
  const bool dark = look_.light.r <= 0.2F;
  for (int y = 0; y < height_; ++y) {
    for (int x = 0; x < width_; ++x) {
      const auto i = static_cast<size_t>(y * width_ + x);
      const Surface& surface = surface_[i];
      const Point at = ToWorld(x + 0.5, y + 0.5);
      const float coarse = Noise(at.x / 4.5, at.y / 4.5, seed) - 0.5F,
                  fine = Noise(at.x / 1.1, at.y / 1.1, seed + 1) - 0.5F;
      const float grass = (0.34F * coarse + 0.26F * fine) * (1 - 0.8F * look_.snow_cover);
      const float grain = 1 + surface.ground * grass + surface.road * 0.09F * (coarse + fine);
      Rgb color = grain * surface.color;
      // Puddles reflect the sky.
      const float gleam =
          look_.wet * surface.road * (0.05F + 0.5F * std::max(0.0F, coarse - 0.05F + 0.3F * fine));
      color = Mix(color, {0.62F, 0.66F, 0.72F}, gleam);
      const Rgb light = dark ? look_.light + lamps_[i] : look_.light;
      image_[i] = light * color + surface.emission;
    }
  }
}

/// Water, or snow, that wheels throw up behind a vehicle.
void BirdsEye::Spray(const Moment& moment) {
  const float amount = std::max(look_.drops > 0 ? look_.wet : 0.0F, 0.45F * look_.snow_cover);
  if (amount <= 0) {
    return;
  }
  const Rgb color = look_.light * Rgb{0.78F, 0.81F, 0.85F};
  const Rng rng(seed_, kSprayStream);
  for (const ViewedVehicle& vehicle : moment.vehicles) {
    if (vehicle.speed < 3 || !Sees(vehicle.front.point, vehicle.length + 12)) {
      continue;
    }
    const double c = std::cos(vehicle.front.heading), s = std::sin(vehicle.front.heading);
    const int puffs = 3 + static_cast<int>(0.5 * vehicle.speed);
    const auto strength = amount * static_cast<float>(0.30 * std::min(1.0, vehicle.speed / 15));
    for (int puff = 0; puff < puffs; ++puff) {
      const auto words =
          rng.Words((Tick(moment.time) + static_cast<uint64_t>(puff)) ^ (vehicle.paint << 40));
      const double behind = vehicle.length - 0.6 + 0.85 * (puff + Word(words[0]));
      const double beside = (Word(words[1]) - 0.5) * (vehicle.width + 0.12 * puff);
      const Point at = {vehicle.front.point.x - behind * c - beside * s,
                        vehicle.front.point.y - behind * s + beside * c};
      const float fade = 1 - static_cast<float>(puff) / static_cast<float>(puffs);
      Blend(Project(at), (0.7 + 0.13 * puff) * scale_, color, strength * fade);
    }
  }
}

/// Koschmieder: what the air lets through falls exponentially with the way through it, and the
/// air's own light takes its place.
void BirdsEye::Veil(double time) {
  if (look_.extinction < 0.001F) {
    return;
  }
  const auto seed = static_cast<uint32_t>(seed_) + 7;
  for (int y = 0; y < height_; ++y) {
    for (int x = 0; x < width_; ++x) {
      const auto i = static_cast<size_t>(y * width_ + x);
      const Point at = ToWorld(x + 0.5, y + 0.5);
      const double distance = std::hypot(Distance(at, camera_.center), kCameraHeight);
      const float swathes =
          0.75F + 0.5F * Noise(at.x / 13 + 0.12 * time, at.y / 13 - 0.08 * time, seed);
      const float passes = std::exp(-look_.extinction * static_cast<float>(distance) * swathes);
      Rgb air = look_.air;
      if (look_.light.r <= 0.2F) {
        air = air + 0.10F * lamps_[i];
      }
      image_[i] = Mix(air, image_[i], passes);
    }
  }
}

void BirdsEye::AddGlows() {
  for (const Glow& glow : glows_) {
    const Point at = Project(glow.at);
    const double spread = 1 + 0.5 * look_.wet + 12 * std::min(look_.extinction, 0.06F);
    const double radius = std::max(glow.radius * spread * scale_, 1.0);
    const double distance = std::hypot(Distance(glow.at, camera_.center), kCameraHeight);
    // Lamps are seen farther than what is lit.
    const Rgb color =
        std::exp(-0.45F * look_.extinction * static_cast<float>(distance)) * glow.color;
    const int reach = static_cast<int>(std::ceil(2 * radius));
    for (int y = std::max(0, int(at.y) - reach); y < std::min(height_, int(at.y) + reach + 1);
         ++y) {
      for (int x = std::max(0, int(at.x) - reach); x < std::min(width_, int(at.x) + reach + 1);
           ++x) {
        const double dx = (x + 0.5 - at.x) / radius, dy = (y + 0.5 - at.y) / radius;
        const auto share = static_cast<float>(std::exp(-2 * (dx * dx + dy * dy)));
        PixelAt(x, y) = PixelAt(x, y) + share * color;
      }
    }
  }
}

/// Streaks, each on one picture only: a drop falls past the camera within a frame.
void BirdsEye::DropRain(double time) {
  const double size = height_ / kPicture;
  const int count = static_cast<int>(look_.drops * kPicture * kPicture / 1000 *
                                     (static_cast<double>(width_) / height_));
  const Rng rng(seed_, kRainStream);
  const float bright = look_.light.r > 0.2F ? 0.95F : 0.16F;
  const Rgb color = {0.9F * bright, 0.94F * bright, bright};
  for (int drop = 0; drop < count; ++drop) {
    const auto words = rng.Words(Tick(time) + static_cast<uint64_t>(drop));
    const Point at = {Word(words[0]) * width_, Word(words[1]) * height_};
    if (drop % 4 == 3) {  // where it hits the ground
      Blend(at, 0.9 * size, color, 0.3F);
      continue;
    }
    const double length = (3 + 4 * Word(words[2])) * size;
    const int steps = static_cast<int>(2 * length) + 1;
    for (int step = 0; step <= steps; ++step) {
      const double along = length * step / steps;
      Blend({at.x + along * std::cos(wind_), at.y + along * std::sin(wind_)}, 0.5 * size, color,
            0.17F);
    }
  }
}

/// Flakes that drift across the picture.
void BirdsEye::DropSnow(double time) {
  const double size = height_ / kPicture;
  const int count = static_cast<int>(look_.flakes * kPicture * kPicture / 1000 *
                                     (static_cast<double>(width_) / height_));
  const Rng rng(seed_, kFlakeStream);
  const float bright = look_.light.r > 0.2F ? 1.0F : 0.3F;
  for (int flake = 0; flake < count; ++flake) {
    const auto words = rng.Words(static_cast<uint64_t>(flake));
    const double speed = 0.35 + 0.5 * Word(words[2]);  // pictures a second
    const auto wrapped = [](double value) { return value - std::floor(value); };
    const double sway = 0.02 * std::sin(3 * time + 6.28 * Word(words[3]));
    const Point at = {wrapped(Word(words[0]) + speed * time * std::cos(wind_) + sway) * width_,
                      wrapped(Word(words[1]) + speed * time * std::sin(wind_)) * height_};
    Blend(at, (0.75 + 0.6 * Word(words[3])) * size, {bright, bright, bright}, 0.85F);
  }
}

/// A soft disc, of `share` in its middle; pixels.
void BirdsEye::Blend(const Point& at, double radius, const Rgb& color, float share) {
  const double drawn = std::max(radius, 0.75);  // smaller ones would flicker between the pixels
  share *= static_cast<float>(std::min(1.0, radius * radius / (drawn * drawn) * 1.4));
  const int left = std::max(0, static_cast<int>(std::floor(at.x - drawn))),
            right = std::min(width_ - 1, static_cast<int>(std::floor(at.x + drawn))),
            top = std::max(0, static_cast<int>(std::floor(at.y - drawn))),
            bottom = std::min(height_ - 1, static_cast<int>(std::floor(at.y + drawn)));
  for (int y = top; y <= bottom; ++y) {
    for (int x = left; x <= right; ++x) {
      const double dx = (x + 0.5 - at.x) / drawn, dy = (y + 0.5 - at.y) / drawn;
      const double rest = 1 - (dx * dx + dy * dy);
      if (rest > 0) {
        Rgb& pixel = PixelAt(x, y);
        pixel = Mix(pixel, color, share * static_cast<float>(rest));
      }
    }
  }
}

}  // namespace tersor::twin
