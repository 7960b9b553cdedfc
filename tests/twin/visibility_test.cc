#include "tersor/twin/weather/visibility.h"

#include <gtest/gtest.h>

#include <cmath>

namespace tersor::twin {
namespace {

TEST(Visibility, Koschmieder) {
  EXPECT_NEAR(Contrast(1, 25, 50), 0.2236, 5e-5);
  EXPECT_NEAR(Contrast(1, 50, 50), 0.05, 1e-12);
  EXPECT_NEAR(ContrastRange(1, 50), 50, 1e-12);
  EXPECT_NEAR(Contrast(0.5, ContrastRange(0.5, 150), 150), 0.05, 1e-12);
  EXPECT_EQ(ContrastRange(0.04, 10000), 0);
}

TEST(Visibility, LampsFadeByAllard) {
  for (const double visibility : {20.0, 50.0, 400.0, 10000.0}) {
    for (const double threshold : {kNightThreshold, kDayThreshold}) {
      const double range = LampRange(8, threshold, visibility);
      EXPECT_NEAR(8 * std::exp(-Extinction(visibility) * range) / (range * range) / threshold, 1,
                  1e-9);
    }
  }
  EXPECT_EQ(LampRange(0, kNightThreshold, 100), 0);
}

TEST(Visibility, TailLampsShowFartherThanTheBody) {
  // Two to three times as far as an unlit car by night, farther by day.
  const double body = ContrastRange(kCarContrast, 50);
  EXPECT_GT(LampRange(kTailLamp, kNightThreshold, 50), 2 * body);
  EXPECT_LT(LampRange(kTailLamp, kNightThreshold, 50), 4 * body);
  EXPECT_GT(LampRange(kTailLamp, kDayThreshold, 50), body);
}

TEST(Visibility, HeadlampsReachLessInFog) {
  EXPECT_NEAR(HeadlampRange(80, 1e9), 80, 1e-4);
  const double range = HeadlampRange(80, 50);
  EXPECT_NEAR(range * std::exp(Extinction(50) * range), 80, 1e-9);
  EXPECT_LT(range, 30);
}

TEST(Visibility, RangesOfTheWeather) {
  const Weather& day = WeatherPreset("clear_dry");
  const Weather& night = WeatherPreset("night_dry");
  const Weather& fog = WeatherPreset("fog_dense");
  EXPECT_GT(ObstacleRange(day), 5000);
  EXPECT_GT(LeaderRange(day), 5000);
  EXPECT_NEAR(ObstacleRange(night), 80, 3);
  EXPECT_GT(LeaderRange(night), 500);
  EXPECT_NEAR(ObstacleRange(fog), 50 * std::log(10) / std::log(20), 1e-9);
  EXPECT_GT(LeaderRange(fog), ObstacleRange(fog));
  EXPECT_LT(LeaderRange(fog), 80);
  EXPECT_GT(BrakeLampRange(fog), 1.2 * LeaderRange(fog));
  EXPECT_LT(BrakeLampRange(fog), 100);
  EXPECT_LT(ObstacleRange(WeatherPreset("fog_dense_night")), ObstacleRange(fog));
}

TEST(Visibility, SightLimitedSpeed) {
  EXPECT_NEAR(SightLimitedSpeed(50, 0.4, 1.5), 14.779, 5e-4);
  const double speed = SightLimitedSpeed(80, 0.7, 2);
  EXPECT_NEAR(speed * 2 + speed * speed / (2 * 0.7 * 9.81), 80, 1e-9);
  EXPECT_EQ(SightLimitedSpeed(0, 0.7, 2), 0);
}

TEST(Visibility, StoppingWaysOfTheKnownAnswers) {
  // From 20 m/s: 25.484, 50.968 and 101.937 m, and 30 m for 1.5 s of reaction.
  EXPECT_NEAR(SightLimitedSpeed(25.484, 0.8, 0), 20, 1e-3);
  EXPECT_NEAR(SightLimitedSpeed(50.968 + 30, 0.4, 1.5), 20, 1e-3);
  EXPECT_NEAR(SightLimitedSpeed(101.937 + 30, 0.2, 1.5), 20, 1e-3);
}

}  // namespace
}  // namespace tersor::twin
