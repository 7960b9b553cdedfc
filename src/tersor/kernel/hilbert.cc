#include "tersor/kernel/hilbert.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <utility>

#include "tersor/util/error.h"

namespace tersor::kernel {
namespace {

using Cell = std::array<uint32_t, 3>;

/// Place of a cell on the curve of a cube of side 2^bits. J. Skilling, "Programming the Hilbert
/// curve" (2004): each level's octant is turned and mirrored into the one that follows on the path,
/// then a Gray code of the coordinates' bits, read across the axes, counts the octants.
uint64_t PlaceOnCurve(Cell cell, int bits) {
  for (uint32_t level = uint32_t{1} << bits >> 1; level > 1; level >>= 1) {
    const uint32_t below = level - 1;
    for (uint32_t& axis : cell) {
      if ((axis & level) != 0) {
        cell[0] ^= below;
      } else {
        const uint32_t swapped = (cell[0] ^ axis) & below;
        cell[0] ^= swapped;
        axis ^= swapped;
      }
    }
  }
  for (size_t axis = 1; axis < cell.size(); ++axis) {
    cell[axis] ^= cell[axis - 1];
  }
  uint32_t flips = 0;
  for (uint32_t level = uint32_t{1} << bits >> 1; level > 1; level >>= 1) {
    if ((cell.back() & level) != 0) {
      flips ^= level - 1;
    }
  }
  uint64_t place = 0;
  for (int bit = bits - 1; bit >= 0; --bit) {
    for (const uint32_t axis : cell) {
      place = place << 1 | ((axis ^ flips) >> bit & 1);
    }
  }
  return place;
}

}  // namespace

std::vector<int32_t> HilbertOrder(int64_t frames, int64_t height, int64_t width) {
  TERSOR_CHECK(frames >= 1 && height >= 1 && width >= 1, "a Hilbert curve through ", frames, " x ",
               height, " x ", width, " cells: sizes start at 1");
  constexpr int64_t kMost = std::numeric_limits<int32_t>::max();
  TERSOR_CHECK(frames <= kMost && height <= kMost / frames && width <= kMost / (frames * height),
               "a Hilbert curve through ", frames, " x ", height, " x ", width,
               " cells is longer than 2^31 - 1");
  const auto side = static_cast<uint64_t>(std::max({frames, height, width}));
  const int bits = std::bit_width(side - 1);
  TERSOR_CHECK(bits <= 21, "a Hilbert curve takes sides up to 2^21, not ", side);
  std::vector<std::pair<uint64_t, int32_t>> places;
  places.reserve(static_cast<size_t>(frames * height * width));
  for (int64_t t = 0; t < frames; ++t) {
    for (int64_t h = 0; h < height; ++h) {
      for (int64_t w = 0; w < width; ++w) {
        const Cell cell = {static_cast<uint32_t>(t), static_cast<uint32_t>(h),
                           static_cast<uint32_t>(w)};
        places.emplace_back(PlaceOnCurve(cell, bits),
                            static_cast<int32_t>((t * height + h) * width + w));
      }
    }
  }
  std::ranges::sort(places);
  std::vector<int32_t> order;
  order.reserve(places.size());
  for (const auto& [place, index] : places) {
    order.push_back(index);
  }
  return order;
}

std::vector<int32_t> InverseOrder(const std::vector<int32_t>& order) {
  std::vector<int32_t> inverse(order.size());
  for (size_t i = 0; i < order.size(); ++i) {
    inverse[static_cast<size_t>(order[i])] = static_cast<int32_t>(i);
  }
  return inverse;
}

}  // namespace tersor::kernel
