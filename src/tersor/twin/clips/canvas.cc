#include "tersor/twin/clips/canvas.h"

#include <algorithm>
#include <cmath>

namespace tersor::twin {

Canvas::Canvas(int width, int height, int side)
    : width_(width),
      height_(height),
      side_(side),
      samples_(static_cast<size_t>(width) * static_cast<size_t>(side) *
               static_cast<size_t>(height) * static_cast<size_t>(side)) {}

void Canvas::Clear(uint8_t material) { std::fill(samples_.begin(), samples_.end(), material); }

/// Calls paint(first, last) for the samples of each row whose middles lie inside.
template <typename Paint>
void Canvas::Scan(std::span<const Point> polygon, const Paint& paint) {
  const int rows = height_ * side_, columns = width_ * side_;
  double low = polygon[0].y, high = polygon[0].y;
  for (const Point& point : polygon) {
    low = std::min(low, point.y);
    high = std::max(high, point.y);
  }
  const auto first_at = [this](double at, int most) {
    return static_cast<int>(std::clamp(std::ceil(at * side_ - 0.5), 0.0, double(most)));
  };
  const int first_row = first_at(low, rows), last_row = first_at(high, rows);
  for (int row = first_row; row < last_row; ++row) {
    const double y = (row + 0.5) / side_;
    crossings_.clear();
    const Point* before = &polygon.back();
    for (const Point& point : polygon) {
      if ((before->y <= y) != (point.y <= y)) {
        crossings_.push_back(before->x +
                             (y - before->y) / (point.y - before->y) * (point.x - before->x));
      }
      before = &point;
    }
    std::sort(crossings_.begin(), crossings_.end());
    uint8_t* const samples = samples_.data() + static_cast<size_t>(row) * size_t(columns);
    for (size_t i = 0; i + 1 < crossings_.size(); i += 2) {
      paint(samples + first_at(crossings_[i], columns),
            samples + first_at(crossings_[i + 1], columns));
    }
  }
}

void Canvas::Fill(std::span<const Point> polygon, uint8_t material) {
  Scan(polygon, [material](uint8_t* first, uint8_t* last) { std::fill(first, last, material); });
}

void Canvas::Shade(std::span<const Point> polygon) {
  Scan(polygon, [](uint8_t* first, uint8_t* last) {
    std::for_each(first, last, [](uint8_t& sample) { sample |= kShadow; });
  });
}

}  // namespace tersor::twin
