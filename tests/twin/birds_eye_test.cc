#include "tersor/twin/clips/birds_eye.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <numbers>
#include <vector>

#include "twin/crossing_network.h"

namespace tersor::twin {
namespace {

constexpr int kSide = 64;

/// Two roads that cross at (300, 300), one red car that drives north to the crossing.
class View {
 public:
  View() : network_(ParseNetwork(CrossingNetworkXml(), "crossing")) {
    scenery_ = MakeScenery(network_, 1);
    scenery_.tall.clear();  // nothing stands in the way
  }

  std::vector<uint8_t> Render(const Weather& weather, const Camera& camera, double time = 0,
                              bool car = true) const {
    BirdsEye eye(scenery_, weather, kSide, kSide, 1);
    Moment moment;
    moment.time = time;
    if (car) {
      ViewedVehicle red;
      red.paint = 9;
      red.front = {{300, 290}, std::numbers::pi / 2};
      red.width = 4;
      red.length = 6;
      moment.vehicles.push_back(red);
    }
    std::vector<uint8_t> pixels(kSide * kSide * 3);
    eye.Render(camera, moment, pixels);
    return pixels;
  }

 private:
  Network network_;
  Scenery scenery_;
};

constexpr Camera kCamera{{300, 300}, std::numbers::pi / 2, 64};

/// The middle of the pixels that are much redder than green.
Point RedSpot(const std::vector<uint8_t>& pixels) {
  double x = 0, y = 0, count = 0;
  for (int i = 0; i < kSide * kSide; ++i) {
    if (pixels[static_cast<size_t>(3 * i)] > 70 + pixels[static_cast<size_t>(3 * i + 1)]) {
      x += i % kSide + 0.5;
      y += i / kSide + 0.5;
      ++count;
    }
  }
  return {x / count, y / count};
}

double Mean(const std::vector<uint8_t>& pixels) {
  double sum = 0;
  for (const uint8_t value : pixels) {
    sum += value;
  }
  return sum / static_cast<double>(pixels.size());
}

double Deviation(const std::vector<uint8_t>& pixels) {
  const double mean = Mean(pixels);
  double sum = 0;
  for (const uint8_t value : pixels) {
    sum += (value - mean) * (value - mean);
  }
  return std::sqrt(sum / static_cast<double>(pixels.size()));
}

double Difference(const std::vector<uint8_t>& a, const std::vector<uint8_t>& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    sum += std::abs(a[i] - b[i]);
  }
  return sum / static_cast<double>(a.size());
}

TEST(BirdsEye, PutsVehiclesWhereTheyAre) {
  const View view;
  // A pixel a metre; the car's middle is 13 m south of the picture's middle.
  const Point north_up = RedSpot(view.Render({}, kCamera));
  EXPECT_NEAR(north_up.x, 32, 0.7);
  EXPECT_NEAR(north_up.y, 32 + 13, 0.7);
  Camera east_up = kCamera;
  east_up.heading = 0;
  const Point turned = RedSpot(view.Render({}, east_up));
  EXPECT_NEAR(turned.x, 32 + 13, 0.7);  // south is to the right
  EXPECT_NEAR(turned.y, 32, 0.7);
  Camera near = kCamera;
  near.metres = 32;
  EXPECT_NEAR(RedSpot(view.Render({}, near)).y, 32 + 26, 1);
}

TEST(BirdsEye, WeathersLookDifferent) {
  const View view;
  const auto of = [&](const char* name) { return view.Render(WeatherPreset(name), kCamera); };
  const auto dry = of("clear_dry");
  EXPECT_LT(Mean(of("night_dry")), 0.5 * Mean(dry));
  EXPECT_GT(Mean(of("snow")), 1.4 * Mean(dry));
  EXPECT_LT(Mean(of("light_rain")), 0.9 * Mean(dry));
  EXPECT_LT(Mean(of("heavy_rain_night")), Mean(of("heavy_rain")));
  EXPECT_LT(Deviation(of("fog_dense")), 0.5 * Deviation(dry));
  EXPECT_LT(Deviation(of("fog_dense")), Deviation(of("fog_medium")));
  std::vector<std::vector<uint8_t>> all;
  for (const std::string_view name : WeatherNames()) {
    all.push_back(view.Render(WeatherPreset(name), kCamera));
    for (size_t i = 0; i + 1 < all.size(); ++i) {
      EXPECT_GT(Difference(all.back(), all[i]), 0.5) << name << ' ' << WeatherNames()[i];
    }
  }
}

TEST(BirdsEye, OnlyRainAndSnowMoveWhenNobodyDoes) {
  const View view;
  const auto change = [&](const char* name) {
    return Difference(view.Render(WeatherPreset(name), kCamera, 1),
                      view.Render(WeatherPreset(name), kCamera, 1.125));
  };
  EXPECT_EQ(change("clear_dry"), 0);
  EXPECT_EQ(change("night_dry"), 0);
  EXPECT_GT(change("light_rain"), 0.5);
  EXPECT_GT(change("heavy_rain"), 2 * change("light_rain"));
  EXPECT_GT(change("snow"), 0.5);
}

TEST(BirdsEye, HeadlampsLightTheRoadAheadAtNight) {
  const View view;
  const auto lit = view.Render(WeatherPreset("night_dry"), kCamera),
             dark = view.Render(WeatherPreset("night_dry"), kCamera, 0, false);
  const auto brighter = [&](int x, int y) {
    const auto at = static_cast<size_t>(3 * (y * kSide + x));
    return static_cast<int>(lit[at]) - static_cast<int>(dark[at]);
  };
  EXPECT_GT(brighter(32, 34), 30);  // 8 m ahead of the car
  EXPECT_LT(brighter(32, 60), 3);   // behind it
  EXPECT_LT(brighter(60, 32), 3);   // far to the side
}

TEST(BirdsEye, SignalsShowTheirLetters) {
  Scenery scenery;
  scenery.signals.push_back({0, 1, {{300, 300}, 0}, 20});
  BirdsEye eye(scenery, {}, kSide, kSide, 1);
  const auto color = [&](const char* letters) {
    Moment moment;
    moment.signals = {letters};
    std::vector<uint8_t> pixels(kSide * kSide * 3);
    Camera near = kCamera;
    near.metres = 8;
    eye.Render(near, moment, pixels);
    const size_t middle = 3 * (32 * kSide + 32);
    return std::vector<int>{pixels[middle], pixels[middle + 1], pixels[middle + 2]};
  };
  EXPECT_GT(color("Gr")[0], 2 * color("Gr")[1]);
  EXPECT_GT(color("rG")[1], 2 * color("rG")[0]);
  EXPECT_GT(color("ry")[0], 200);
  EXPECT_GT(color("ry")[1], 150);
}

}  // namespace
}  // namespace tersor::twin
