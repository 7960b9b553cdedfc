#include "tersor/kernel/activations.h"

#include <algorithm>

#include "tersor/util/parallel_for.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tersor/kernel/activations.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tersor::kernel::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Returns the scale of one group, whose 32 integers go to `out`.
HWY_INLINE float QuantizeGroup(const float* HWY_RESTRICT x, int16_t* HWY_RESTRICT out) {
  const hn::CappedTag<float, kGroup> d;
  const hn::Rebind<int16_t, decltype(d)> d16;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  auto largest = hn::Zero(d), poison = hn::Zero(d);
  for (int64_t i = 0; i < kGroup; i += lanes) {
    const auto v = hn::LoadU(d, x + i);
    largest = hn::Max(largest, hn::Abs(v));
    // NaN for what is not finite, which must reach the result.
    poison = hn::MulAdd(v, hn::Zero(d), poison);
  }
  const float highest = hn::GetLane(hn::MaxOfLanes(d, largest));
  const float nothing = hn::GetLane(hn::SumOfLanes(d, poison));
  const auto inverse = hn::Set(d, highest > 0 && nothing == 0 ? 32767 / highest : 0.0f);
  for (int64_t i = 0; i < kGroup; i += lanes) {
    const auto rounded = hn::NearestInt(hn::Mul(hn::LoadU(d, x + i), inverse));
    hn::StoreU(hn::DemoteTo(d16, rounded), d16, out + i);
  }
  return highest / 32767 + nothing;
}

void QuantizeRow(const float* x, int64_t cols, int16_t* values, float* scales) {
  int64_t i = 0;
  for (; i + kGroup <= cols; i += kGroup) {
    *scales++ = QuantizeGroup(x + i, values + i);
  }
  if (i < cols) {
    HWY_ALIGN float rest[kGroup] = {};
    std::copy(x + i, x + cols, rest);
    *scales = QuantizeGroup(rest, values + i);
  }
}

}  // namespace tersor::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tersor::kernel {
namespace {

HWY_EXPORT(QuantizeRow);

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
      HWY_DYNAMIC_DISPATCH(QuantizeRow)
      (row(t), cols_, values + t * groups * kGroup, scales + t * groups);
    }
    int16_ = {values, scales, groups};
  }
  return int16_;
}

}  // namespace tersor::kernel
#endif  // HWY_ONCE
