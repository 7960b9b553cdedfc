#include "tersor/twin/clips/canvas.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace tersor::twin {
namespace {

int64_t Count(const Canvas& canvas, uint8_t sample) {
  return std::count(canvas.samples().begin(), canvas.samples().end(), sample);
}

TEST(Canvas, CoversTheAreaOfAPolygon) {
  Canvas canvas(20, 10, 4);
  canvas.Clear(1);
  const std::vector<Point> box = {{2.5, 1.25}, {7.5, 1.25}, {7.5, 5}, {2.5, 5}};
  canvas.Fill(box, 2);
  EXPECT_EQ(Count(canvas, 2), 5 * 3.75 * 16);
  const std::vector<Point> triangle = {{10, 0}, {20, 0}, {20, 10}};
  canvas.Fill(triangle, 3);
  EXPECT_NEAR(static_cast<double>(Count(canvas, 3)), 50 * 16, 4 * 20);
  // With a notch: not convex.
  const std::vector<Point> notched = {{0, 6}, {8, 6}, {8, 10}, {4, 8}, {0, 10}};
  canvas.Fill(notched, 4);
  EXPECT_NEAR(static_cast<double>(Count(canvas, 4)), 24 * 16, 4 * 16);
}

TEST(Canvas, ClipsToItsBorders) {
  Canvas canvas(4, 4, 2);
  canvas.Clear(0);
  const std::vector<Point> huge = {{-1e6, -1e6}, {1e6, -1e6}, {1e6, 1e6}, {-1e6, 1e6}};
  canvas.Fill(huge, 5);
  EXPECT_EQ(Count(canvas, 5), 64);
  const std::vector<Point> outside = {{5, 5}, {9, 5}, {9, 9}};
  canvas.Fill(outside, 6);
  EXPECT_EQ(Count(canvas, 6), 0);
}

TEST(Canvas, ShadeKeepsTheMaterialAndFillEndsIt) {
  Canvas canvas(2, 1, 1);
  canvas.Clear(7);
  const std::vector<Point> left = {{0, 0}, {1, 0}, {1, 1}, {0, 1}};
  canvas.Shade(left);
  canvas.Shade(left);
  EXPECT_EQ(canvas.samples()[0], 7 | Canvas::kShadow);
  EXPECT_EQ(canvas.samples()[1], 7);
  canvas.Fill(left, 8);
  EXPECT_EQ(canvas.samples()[0], 8);
}

}  // namespace
}  // namespace tersor::twin
