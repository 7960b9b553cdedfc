#include "tersor/kernel/activations.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "tersor/util/parallel_for.h"

namespace tersor::kernel {
namespace {

/// Columns that are transposed together: `width` rows of them stay in the first cache.
constexpr int64_t kStrip = 64;

/// One panel: out [cols, width] from the `rows` <= width rows at x.
void FillPanel(const float* x, int64_t rows, int64_t cols, int64_t width, float* out) {
  if (rows < width) {
    std::fill_n(out, cols * width, 0.0f);
  }
  for (int64_t first = 0; first < cols; first += kStrip) {
    const int64_t last = std::min(cols, first + kStrip);
    for (int64_t t = 0; t < rows; ++t) {
      for (int64_t k = first; k < last; ++k) {
        out[k * width + t] = x[t * cols + k];
      }
    }
  }
}

void QuantizeRow(const float* x, int64_t cols, int64_t groups, int16_t* values, float* scales) {
  for (int64_t g = 0; g < groups; ++g) {
    const int64_t first = g * kGroup, count = std::min(kGroup, cols - first);
    float largest = 0, poison = 0;
    for (int64_t i = 0; i < count; ++i) {
      largest = std::max(largest, std::abs(x[first + i]));
      poison += x[first + i] * 0;  // NaN for what is not finite, which must reach the result
    }
    scales[g] = largest / 32767 + poison;
    const float inverse = largest > 0 && poison == 0 ? 32767 / largest : 0;
    for (int64_t i = 0; i < kGroup; ++i) {
      values[first + i] =
          i < count ? static_cast<int16_t>(std::lrintf(x[first + i] * inverse)) : int16_t{0};
    }
  }
}

}  // namespace

const TokenPanels& Activations::Panels(int64_t width) const {
  if (panels_.width != width) {
    const int64_t panels = (tokens_ + width - 1) / width;
    auto* data = workspace_.Take<float>(panels * width * cols_);
    ParallelFor(0, panels, 1, [&](int64_t first, int64_t last) {
      for (int64_t p = first; p < last; ++p) {
        FillPanel(row(p * width), std::min(width, tokens_ - p * width), cols_, width,
                  data + p * width * cols_);
      }
    });
    panels_ = {data, width};
  }
  return panels_;
}

const Int16Groups& Activations::Int16() const {
  if (int16_.values == nullptr) {
    const int64_t groups = (cols_ + kGroup - 1) / kGroup;
    auto* values = workspace_.Take<int16_t>(tokens_ * groups * kGroup);
    auto* scales = workspace_.Take<float>(tokens_ * groups);
    for (int64_t t = 0; t < tokens_; ++t) {
      QuantizeRow(row(t), cols_, groups, values + t * groups * kGroup, scales + t * groups);
    }
    int16_ = {values, scales, groups};
  }
  return int16_;
}

}  // namespace tersor::kernel
