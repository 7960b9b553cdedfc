#include "tersor/kernel/group_code.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "tersor/util/parallel_for.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tersor/kernel/group_code.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#ifndef TERSOR_KERNEL_GROUP_CODE_ONCE_
#define TERSOR_KERNEL_GROUP_CODE_ONCE_
namespace tersor::kernel {
constexpr int64_t kMaxGroup = 128;
constexpr float kSmallestGroup = 1e-36f;  // below this, 511 / max|x| would overflow
}  // namespace tersor::kernel
#endif  // TERSOR_KERNEL_GROUP_CODE_ONCE_

HWY_BEFORE_NAMESPACE();
namespace tersor::kernel::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using DF = hn::ScalableTag<float>;
using DI = hn::RebindToSigned<DF>;
using D8 = hn::Rebind<uint8_t, DF>;

/// Codes of n values, n a multiple of the vector: high bits to `high`, the two low ones to `low`.
template <bool kTen>
float EncodeGroup(const float* HWY_RESTRICT x, int64_t n, uint8_t* HWY_RESTRICT high,
                  uint8_t* HWY_RESTRICT low) {
  const DF d;
  const DI di;
  const D8 d8;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  auto most = hn::Zero(di);
  for (int64_t i = 0; i < n; i += lanes) {  // as bits, which puts NaN above all
    most = hn::Max(most, hn::And(hn::BitCast(di, hn::LoadU(d, x + i)), hn::Set(di, 0x7FFFFFFF)));
  }
  const float largest = hn::GetLane(hn::BitCast(d, hn::MaxOfLanes(di, most)));
  constexpr int kLimit = kTen ? 511 : 127;
  float scale = largest / kLimit, inverse = kLimit / largest;
  if (!(largest <= std::numeric_limits<float>::max())) {
    scale = std::numeric_limits<float>::quiet_NaN();
    inverse = 0;
  } else if (largest < kSmallestGroup) {
    scale = inverse = 0;
  }
  for (int64_t i = 0; i < n; i += lanes) {
    auto code = hn::NearestInt(hn::Mul(hn::LoadU(d, x + i), hn::Set(d, inverse)));
    code = hn::Max(hn::Min(code, hn::Set(di, kLimit)), hn::Set(di, -kLimit));
    code = hn::Add(code, hn::Set(di, kLimit + 1));
    if constexpr (kTen) {
      hn::StoreU(hn::DemoteTo(d8, hn::ShiftRight<2>(code)), d8, high + i);
      hn::StoreU(hn::DemoteTo(d8, hn::And(code, hn::Set(di, 3))), d8, low + i);
    } else {
      hn::StoreU(hn::DemoteTo(d8, code), d8, high + i);
    }
  }
  return scale;
}

template <bool kTen>
void DecodeGroup(const uint8_t* HWY_RESTRICT high, const uint8_t* HWY_RESTRICT low, float scale,
                 int64_t n, float* HWY_RESTRICT x) {
  const DF d;
  const DI di;
  const D8 d8;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t i = 0; i < n; i += lanes) {
    auto code = hn::PromoteTo(di, hn::LoadU(d8, high + i));
    if constexpr (kTen) {
      code = hn::Or(hn::ShiftLeft<2>(code), hn::PromoteTo(di, hn::LoadU(d8, low + i)));
    }
    code = hn::Sub(code, hn::Set(di, kTen ? 512 : 128));
    hn::StoreU(hn::Mul(hn::ConvertTo(d, code), hn::Set(d, scale)), d, x + i);
  }
}

float EncodeGroupOf(bool ten, const float* x, int64_t n, uint8_t* high, uint8_t* low) {
  return ten ? EncodeGroup<true>(x, n, high, low) : EncodeGroup<false>(x, n, high, low);
}
void DecodeGroupOf(bool ten, const uint8_t* high, const uint8_t* low, float scale, int64_t n,
                   float* x) {
  ten ? DecodeGroup<true>(high, low, scale, n, x) : DecodeGroup<false>(high, low, scale, n, x);
}

}  // namespace tersor::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tersor::kernel {
namespace {

HWY_EXPORT(EncodeGroupOf);
HWY_EXPORT(DecodeGroupOf);

/// Whether the vectors of every target divide n.
bool IsWhole(int64_t n) { return n % 16 == 0; }

void PackLow(const uint8_t* __restrict codes, int64_t cols, uint8_t* __restrict low) {
  const int64_t quarter = (cols + 3) / 4;
  for (int64_t j = 0; j < quarter; ++j) {  // codes are padded with zeros to four quarters
    low[j] = static_cast<uint8_t>(codes[j] | codes[j + quarter] << 2 | codes[j + 2 * quarter] << 4 |
                                  codes[j + 3 * quarter] << 6);
  }
}

void UnpackLow(const uint8_t* __restrict low, int64_t cols, uint8_t* __restrict codes) {
  const int64_t quarter = (cols + 3) / 4;
  for (int64_t part = 0; part < 4; ++part) {
    for (int64_t j = 0; j < quarter; ++j) {
      codes[part * quarter + j] = static_cast<uint8_t>(low[j] >> (2 * part) & 3);
    }
  }
}

}  // namespace

void EncodeGroups(const float* x, const GroupCodeShape& shape, uint8_t* high, uint8_t* low,
                  float* scales) {
  const bool ten = shape.bits == 10;
  ParallelFor(0, shape.rows, 8, [&](int64_t first, int64_t last) {
    std::vector<uint8_t> row_low(static_cast<size_t>(shape.cols + kMaxGroup + 3));
    for (int64_t r = first; r < last; ++r) {
      for (int64_t g = 0; g < shape.groups(); ++g) {
        const int64_t col = g * shape.group, n = std::min(shape.group, shape.cols - col);
        const float* values = x + r * shape.cols + col;
        uint8_t* to = high + r * shape.cols + col;
        alignas(64) float padded[kMaxGroup] = {};
        alignas(64) uint8_t padded_high[kMaxGroup], padded_low[kMaxGroup];
        float scale = 0;
        if (IsWhole(n)) {
          scale = HWY_DYNAMIC_DISPATCH(EncodeGroupOf)(ten, values, n, to, row_low.data() + col);
        } else {
          std::copy_n(values, n, padded);
          scale =
              HWY_DYNAMIC_DISPATCH(EncodeGroupOf)(ten, padded, kMaxGroup, padded_high, padded_low);
          std::copy_n(padded_high, n, to);
          std::copy_n(padded_low, ten ? n : 0, row_low.data() + col);
        }
        scales[r * shape.groups() + g] = scale;
      }
      if (ten) {
        PackLow(row_low.data(), shape.cols, low + r * shape.low_cols());
      }
    }
  });
}

void DecodeGroups(const uint8_t* high, const uint8_t* low, const float* scales,
                  const GroupCodeShape& shape, float* x) {
  const bool ten = shape.bits == 10;
  ParallelFor(0, shape.rows, 8, [&](int64_t first, int64_t last) {
    std::vector<uint8_t> row_low(static_cast<size_t>(shape.cols + kMaxGroup + 3));
    for (int64_t r = first; r < last; ++r) {
      if (ten) {
        UnpackLow(low + r * shape.low_cols(), shape.cols, row_low.data());
      }
      for (int64_t g = 0; g < shape.groups(); ++g) {
        const int64_t col = g * shape.group, n = std::min(shape.group, shape.cols - col);
        const uint8_t* from = high + r * shape.cols + col;
        const float scale = scales[r * shape.groups() + g];
        float* to = x + r * shape.cols + col;
        if (IsWhole(n)) {
          HWY_DYNAMIC_DISPATCH(DecodeGroupOf)(ten, from, row_low.data() + col, scale, n, to);
        } else {
          alignas(64) uint8_t padded_high[kMaxGroup] = {}, padded_low[kMaxGroup] = {};
          alignas(64) float padded[kMaxGroup];
          std::copy_n(from, n, padded_high);
          std::copy_n(row_low.data() + col, n, padded_low);
          HWY_DYNAMIC_DISPATCH(DecodeGroupOf)
          (ten, padded_high, padded_low, scale, kMaxGroup, padded);
          std::copy_n(padded, n, to);
        }
      }
    }
  });
}

}  // namespace tersor::kernel
#endif  // HWY_ONCE
