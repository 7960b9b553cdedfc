// Where polygons are drawn before they become pixels: several samples a pixel, each holding which
// material one sees there and whether it lies in shadow. Later polygons cover earlier ones, and
// averaging the samples of a pixel smooths all borders alike, also those where polygons meet.
#ifndef TERSOR_TWIN_CLIPS_CANVAS_H_
#define TERSOR_TWIN_CLIPS_CANVAS_H_

#include <cstdint>
#include <span>
#include <vector>

#include "tersor/twin/geometry.h"

namespace tersor::twin {

class Canvas {
 public:
  /// The bit that marks a sample in shadow, above its material.
  static constexpr uint8_t kShadow = 0x80;

  /// `side` samples a pixel along and across.
  Canvas(int width, int height, int side);

  int width() const { return width_; }  // pixels
  int height() const { return height_; }
  int side() const { return side_; }

  void Clear(uint8_t material);
  /// Fills where the winding is odd; points in pixels, y downwards. Ends the shadow there.
  void Fill(std::span<const Point> polygon, uint8_t material);
  /// Puts what is there into shadow.
  void Shade(std::span<const Point> polygon);

  /// [height x side, width x side].
  std::span<const uint8_t> samples() const { return samples_; }

 private:
  template <typename Paint>
  void Scan(std::span<const Point> polygon, const Paint& paint);

  int width_, height_, side_;
  std::vector<uint8_t> samples_;
  std::vector<double> crossings_;  // of one row, kept to allocate once
};

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_CLIPS_CANVAS_H_
