#include "tersor/kernel/flash_pack.h"

#include <algorithm>
#include <type_traits>

#include "tersor/kernel/attend.h"
#include "tersor/util/half.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tersor/kernel/flash_pack.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tersor::kernel::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// A whole panel: to[i, r] = rows[r, i] for i < dim, a multiple of 4, by transposing squares of 4.
void TransposePanel(const float* rows, int64_t stride, int64_t dim, float* HWY_RESTRICT to) {
#if HWY_TARGET == HWY_SCALAR
  for (int64_t i = 0; i < dim; ++i) {
    for (int64_t r = 0; r < kKeyPanel; ++r) {
      to[i * kKeyPanel + r] = rows[r * stride + i];
    }
  }
#else
  const hn::FixedTag<float, 4> d;
  const hn::RepartitionToWide<decltype(d)> pairs;
  for (int64_t r = 0; r < kKeyPanel; r += 4) {
    const float* from = rows + r * stride;
    for (int64_t i = 0; i < dim; i += 4) {
      const auto a = hn::LoadU(d, from + i), b = hn::LoadU(d, from + stride + i);
      const auto c = hn::LoadU(d, from + 2 * stride + i), e = hn::LoadU(d, from + 3 * stride + i);
      const auto ab_low = hn::BitCast(pairs, hn::InterleaveLower(d, a, b));
      const auto ab_high = hn::BitCast(pairs, hn::InterleaveUpper(d, a, b));
      const auto ce_low = hn::BitCast(pairs, hn::InterleaveLower(d, c, e));
      const auto ce_high = hn::BitCast(pairs, hn::InterleaveUpper(d, c, e));
      float* out = to + i * kKeyPanel + r;
      hn::StoreU(hn::BitCast(d, hn::InterleaveLower(pairs, ab_low, ce_low)), d, out);
      hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(pairs, ab_low, ce_low)), d, out + kKeyPanel);
      hn::StoreU(hn::BitCast(d, hn::InterleaveLower(pairs, ab_high, ce_high)), d,
                 out + 2 * kKeyPanel);
      hn::StoreU(hn::BitCast(d, hn::InterleaveUpper(pairs, ab_high, ce_high)), d,
                 out + 3 * kKeyPanel);
    }
  }
#endif
}

}  // namespace tersor::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tersor::kernel {
namespace {

HWY_EXPORT(TransposePanel);

float Load(const float* from) { return *from; }
float Load(const uint16_t* from) { return BF16ToFloat(*from); }

template <class T>
void Panels(const T* from, int64_t stride, int64_t count, int64_t dim, float* to) {
  for (int64_t row = 0; row < count; row += kKeyPanel, to += kKeyPanel * dim) {
    const T* rows = from + row * stride;
    if constexpr (std::is_same_v<T, float>) {
      if (row + kKeyPanel <= count && dim % 4 == 0) {
        HWY_DYNAMIC_DISPATCH(TransposePanel)(rows, stride, dim, to);
        continue;
      }
    }
    if (row + kKeyPanel <= count) {
      for (int64_t i = 0; i < dim; ++i) {
        for (int64_t r = 0; r < kKeyPanel; ++r) {
          to[i * kKeyPanel + r] = Load(rows + r * stride + i);
        }
      }
      continue;
    }
    std::fill_n(to, kKeyPanel * dim, 0.0f);
    for (int64_t r = 0; r < count - row; ++r) {
      for (int64_t i = 0; i < dim; ++i) {
        to[i * kKeyPanel + r] = Load(rows + r * stride + i);
      }
    }
  }
}

template <class T>
void Unpack(const T* panels, int64_t count, int64_t dim, float* to) {
  for (int64_t row = 0; row < count; row += kKeyPanel, panels += kKeyPanel * dim) {
    const int64_t rows = std::min(kKeyPanel, count - row);
    for (int64_t r = 0; r < rows; ++r, to += dim) {
      for (int64_t i = 0; i < dim; ++i) {
        to[i] = Load(panels + i * kKeyPanel + r);
      }
    }
  }
}

template <class T>
void Rows(const T* from, int64_t stride, int64_t count, int64_t dim, float* to) {
  const int64_t padded = PaddedDim(dim);
  for (int64_t row = 0; row < count; ++row, from += stride, to += padded) {
    std::transform(from, from + dim, to, [](T x) { return Load(&x); });
    std::fill(to + dim, to + padded, 0.0f);
  }
}

}  // namespace

void PackPanels(FloatType type, const std::byte* from, int64_t stride, int64_t count, int64_t dim,
                float* to) {
  if (type == FloatType::kF32) {
    Panels(reinterpret_cast<const float*>(from), stride, count, dim, to);
  } else {
    Panels(reinterpret_cast<const uint16_t*>(from), stride, count, dim, to);
  }
}

void UnpackPanels(FloatType type, const std::byte* panels, int64_t count, int64_t dim, float* to) {
  if (type == FloatType::kF32) {
    Unpack(reinterpret_cast<const float*>(panels), count, dim, to);
  } else {
    Unpack(reinterpret_cast<const uint16_t*>(panels), count, dim, to);
  }
}

void PackRows(FloatType type, const std::byte* from, int64_t stride, int64_t count, int64_t dim,
              float* to) {
  if (type == FloatType::kF32) {
    Rows(reinterpret_cast<const float*>(from), stride, count, dim, to);
  } else {
    Rows(reinterpret_cast<const uint16_t*>(from), stride, count, dim, to);
  }
}

}  // namespace tersor::kernel
#endif  // HWY_ONCE
