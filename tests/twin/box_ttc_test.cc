#include "tersor/twin/box_ttc.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <numbers>

#include "tersor/twin/ssm_measures.h"
#include "tersor/util/rng.h"

namespace tersor::twin {
namespace {

// A box where it is `time` later, by many small steps: no formula in common with BoxTtc.
std::array<Point, 4> CornersLater(const MovingBox& box, double time) {
  double heading = box.heading;
  Point middle = {box.front.x - box.length / 2 * std::cos(heading),
                  box.front.y - box.length / 2 * std::sin(heading)};
  const int steps = box.turn_rate == 0 ? 1 : 40;
  for (int i = 0; i < steps; ++i) {
    const double turned = box.turn_rate * time / steps;
    middle.x += box.speed * time / steps * std::cos(heading + turned / 2);
    middle.y += box.speed * time / steps * std::sin(heading + turned / 2);
    heading += turned;
  }
  std::array<Point, 4> corners;
  for (int i = 0; i < 4; ++i) {
    const double along = (i < 2 ? 1 : -1) * box.length / 2;
    const double across = (i % 3 == 0 ? 1 : -1) * box.width / 2;
    corners[static_cast<size_t>(i)] = {
        middle.x + along * std::cos(heading) - across * std::sin(heading),
        middle.y + along * std::sin(heading) + across * std::cos(heading)};
  }
  return corners;
}

double Side(const Point& a, const Point& b, const Point& p) {
  return (b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x);
}

bool Inside(const std::array<Point, 4>& box, const Point& p) {
  bool left = true, right = true;
  for (size_t i = 0; i < 4; ++i) {
    const double side = Side(box[i], box[(i + 1) % 4], p);
    left = left && side > 0;
    right = right && side < 0;
  }
  return left || right;
}

bool Overlap(const std::array<Point, 4>& a, const std::array<Point, 4>& b) {
  for (size_t i = 0; i < 4; ++i) {
    if (Inside(a, b[i]) || Inside(b, a[i])) {
      return true;
    }
    for (size_t j = 0; j < 4; ++j) {
      const Point &p = a[i], &q = a[(i + 1) % 4], &r = b[j], &s = b[(j + 1) % 4];
      if (Side(p, q, r) * Side(p, q, s) < 0 && Side(r, s, p) * Side(r, s, q) < 0) {
        return true;
      }
    }
  }
  return false;
}

// The first of fine steps at which they overlap.
double BruteForceTtc(const MovingBox& a, const MovingBox& b, double step) {
  for (int i = 0; i * step <= 8; ++i) {
    if (Overlap(CornersLater(a, i * step), CornersLater(b, i * step))) {
      return i * step;
    }
  }
  return kNotAvailable;
}

MovingBox RandomBox(const Rng& rng, uint64_t index, bool turns) {
  const auto draw = [&](uint64_t field, double low, double high) {
    return low + (high - low) * rng.Uniform(index * 8 + field);
  };
  return {.front = {draw(0, -15, 15), draw(1, -15, 15)},
          .heading = draw(2, -std::numbers::pi, std::numbers::pi),
          .length = draw(3, 1, 12),
          .width = draw(4, 0.5, 2.6),
          .speed = draw(5, 0, 15),
          .turn_rate = turns ? draw(6, -0.5, 0.5) : 0};
}

void ExpectBruteForceAgrees(bool turns, uint64_t pairs, double step) {
  const Rng rng(7);
  int meet = 0, apart = 0;
  for (uint64_t i = 0; i < pairs; ++i) {
    const MovingBox a = RandomBox(rng, 2 * i, turns), b = RandomBox(rng, 2 * i + 1, turns);
    const double ttc = BoxTtc(a, b), brute = BruteForceTtc(a, b, step);
    if (std::isnan(brute)) {
      // A brush between two steps, or just behind the horizon, may be missed.
      if (!std::isnan(ttc)) {
        EXPECT_FALSE(Overlap(CornersLater(a, ttc + 0.1), CornersLater(b, ttc + 0.1)) &&
                     ttc + 0.1 < 8);
      }
      ++apart;
    } else {
      EXPECT_LE(ttc, brute + 1e-3) << i;
      EXPECT_GE(ttc, brute - 0.1) << i;
      if (ttc > 0) {
        EXPECT_FALSE(Overlap(CornersLater(a, ttc - 1e-3), CornersLater(b, ttc - 1e-3))) << i;
      }
      ++meet;
    }
  }
  EXPECT_GT(meet, static_cast<int>(pairs / 20));
  EXPECT_GT(apart, static_cast<int>(pairs / 20));
}

TEST(BoxTtc, IsTtcOnAStraightLane) {
  for (int i = 0; i < 36; ++i) {
    const double heading = i * std::numbers::pi / 18;
    const Point along = {std::cos(heading), std::sin(heading)};
    const double gap = 3 + 1.7 * i, follower = 20, leader = 20 - 8 - 0.3 * i;
    const MovingBox ahead{.front = {100 + (gap + 5) * along.x, -40 + (gap + 5) * along.y},
                          .heading = heading,
                          .length = 5,
                          .speed = leader};
    const MovingBox behind{.front = {100, -40}, .heading = heading, .speed = follower};
    EXPECT_NEAR(BoxTtc(behind, ahead, 100), FollowingTtc(gap, follower, leader), 1e-9) << i;
    EXPECT_NEAR(BoxTtc(ahead, behind, 100), FollowingTtc(gap, follower, leader), 1e-9) << i;
    EXPECT_TRUE(std::isnan(
        BoxTtc(behind, {.front = ahead.front, .heading = heading, .speed = follower + 1}, 100)));
  }
}

TEST(BoxTtc, KnowsTheHorizon) {
  const MovingBox behind{.speed = 10}, ahead{.front = {85, 0}};
  EXPECT_DOUBLE_EQ(BoxTtc(behind, ahead), 8);
  EXPECT_TRUE(std::isnan(BoxTtc(behind, ahead, 7.9)));
}

TEST(BoxTtc, PassesInTheNextLane) {
  const MovingBox behind{.speed = 20}, beside{.front = {30, 3.2}, .speed = 10};
  EXPECT_TRUE(std::isnan(BoxTtc(behind, beside)));
  // Just wide enough to scrape: their sides touch but do not overlap.
  EXPECT_TRUE(std::isnan(BoxTtc(behind, {.front = {30, 1.8}, .speed = 10})));
  EXPECT_DOUBLE_EQ(BoxTtc(behind, {.front = {30, 1.7}, .speed = 10}), 2.5);
}

TEST(BoxTtc, OverlapsAlready) {
  const MovingBox a{}, b{.front = {1, 1}, .heading = 1};
  EXPECT_TRUE(BoxesOverlap(a, b));
  EXPECT_EQ(BoxTtc(a, b), 0);
  EXPECT_FALSE(BoxesOverlap(a, {.front = {6, 0}}));
}

TEST(BoxTtc, TurningHitsWhatStraightMisses) {
  // A quarter circle of radius 20 about (0, 20), with the middle of the car on it.
  const MovingBox car{.front = {2.5, 0}, .speed = 10, .turn_rate = 0.5};
  const MovingBox parked{.front = {20, 22.5}, .heading = std::numbers::pi / 2};
  const MovingBox straight{.front = car.front, .speed = car.speed};
  EXPECT_TRUE(std::isnan(BoxTtc(straight, parked)));
  const double ttc = BoxTtc(car, parked);
  EXPECT_GT(ttc, 2.2);
  EXPECT_LT(ttc, std::numbers::pi);
}

TEST(BoxTtc, TurningAgreesWithStraightWhereItDoesNotTurn) {
  const Rng rng(3);
  for (uint64_t i = 0; i < 200; ++i) {
    const MovingBox a = RandomBox(rng, 2 * i, false);
    MovingBox b = RandomBox(rng, 2 * i + 1, false);
    const double exact = BoxTtc(a, b);
    b.turn_rate = 1e-13;
    const double advanced = BoxTtc(a, b);
    if (!std::isnan(exact) && !std::isnan(advanced)) {
      EXPECT_NEAR(exact, advanced, 1e-5) << i;
    }
  }
}

TEST(BoxTtc, AgreesWithBruteForce) {
  ExpectBruteForceAgrees(false, 300, 0.004);
  ExpectBruteForceAgrees(true, 80, 0.02);
}

}  // namespace
}  // namespace tersor::twin
