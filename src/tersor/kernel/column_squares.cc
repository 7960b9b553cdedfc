#include "tersor/kernel/column_squares.h"

#include <algorithm>

#include "tersor/util/parallel_for.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tersor/kernel/column_squares.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#ifndef TERSOR_KERNEL_COLUMN_SQUARES_ONCE_
#define TERSOR_KERNEL_COLUMN_SQUARES_ONCE_
namespace tersor::kernel {

constexpr int64_t kStrip = 64;        // columns that a thread sums at a time: four cache lines
constexpr int64_t kRowsInFloat = 16;  // whose squares add up before a double takes over

}  // namespace tersor::kernel
#endif  // TERSOR_KERNEL_COLUMN_SQUARES_ONCE_

HWY_BEFORE_NAMESPACE();
namespace tersor::kernel::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// A strip of at most kStrip columns, rows `cols` apart.
void SumStrip(int64_t rows, int64_t cols, int64_t width, const float* HWY_RESTRICT x,
              double* HWY_RESTRICT sums) {
  const hn::CappedTag<float, 16> d;
  const hn::CappedTag<float, 1> one;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  HWY_ALIGN float part[kStrip];
  for (int64_t first = 0; first < rows; first += kRowsInFloat) {
    std::fill_n(part, kStrip, 0.0f);
    for (int64_t r = first; r < std::min(rows, first + kRowsInFloat); ++r) {
      const float* row = x + r * cols;
      const auto add = [&](auto tag, int64_t c) {
        const auto value = hn::LoadU(tag, row + c);
        hn::StoreU(hn::MulAdd(value, value, hn::LoadU(tag, part + c)), tag, part + c);
      };
      int64_t c = 0;
      for (; c + lanes <= width; c += lanes) {
        add(d, c);
      }
      for (; c < width; ++c) {
        add(one, c);
      }
    }
    for (int64_t c = 0; c < width; ++c) {
      sums[c] += part[c];
    }
  }
}

}  // namespace tersor::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tersor::kernel {
namespace {

HWY_EXPORT(SumStrip);

}  // namespace

void AddColumnSquares(int64_t rows, int64_t cols, const float* x, double* sums) {
  const int64_t strips = (cols + kStrip - 1) / kStrip;
  ParallelFor(0, strips, 1, [&](int64_t begin, int64_t end) {
    for (int64_t strip = begin; strip < end; ++strip) {
      const int64_t c = strip * kStrip;
      HWY_DYNAMIC_DISPATCH(SumStrip)(rows, cols, std::min(kStrip, cols - c), x + c, sums + c);
    }
  });
}

}  // namespace tersor::kernel
#endif  // HWY_ONCE
