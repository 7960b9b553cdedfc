// The forms of activations that products with four-bit weights take (activations.h).
#include <algorithm>
#include <cmath>
#include <new>
#include <type_traits>

#include "tersor/kernel/activations.h"
#include "tersor/kernel/ggml_mxfp4.h"
#include "tersor/kernel/mxfp4_gemm.h"
#include "tersor/util/parallel_for.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tersor/kernel/byte_groups.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#ifndef TERSOR_KERNEL_BYTE_GROUPS_ONCE_
#define TERSOR_KERNEL_BYTE_GROUPS_ONCE_
namespace tersor::kernel {

// Of 16-bit values. Both bytes are signed, so that 127 · 256 + 127 is the largest.
constexpr float kLargestValue = 32639;
// Below this a group counts as zero: the inverse of its scale would not be finite.
constexpr float kSmallest = 0x1p-100f;

}  // namespace tersor::kernel
#endif  // TERSOR_KERNEL_BYTE_GROUPS_ONCE_

HWY_BEFORE_NAMESPACE();
namespace tersor::kernel::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::CappedTag<float, kGroup>;
using DI = hn::Rebind<int32_t, D>;
using D8 = hn::Rebind<int8_t, D>;

struct Range {
  float largest;
  float poison;  // 0, or NaN where a value is not finite
};

HWY_INLINE Range RangeOf(const float* HWY_RESTRICT x) {
  const D d;
  auto largest = hn::Zero(d), poison = hn::Zero(d);
  for (size_t i = 0; i < kGroup; i += hn::Lanes(d)) {
    const auto v = hn::LoadU(d, x + i);
    largest = hn::Max(largest, hn::Abs(v));
    poison = hn::MulAdd(v, hn::Zero(d), poison);
  }
  return {hn::GetLane(hn::MaxOfLanes(d, largest)), hn::GetLane(hn::SumOfLanes(d, poison))};
}

/// One group as 16-bit values; returns the scale. `out` has two planes.
HWY_INLINE float EncodeInt16(const float* HWY_RESTRICT x, int8_t* HWY_RESTRICT out) {
  const D d;
  const DI di;
  const D8 d8;
  const Range range = RangeOf(x);
  const bool plain = range.largest >= kSmallest && range.poison == 0;
  const auto inverse = hn::Set(d, plain ? kLargestValue / range.largest : 0.0f);
  for (size_t i = 0; i < kGroup; i += hn::Lanes(d)) {
    const auto value = hn::NearestInt(hn::Mul(hn::LoadU(d, x + i), inverse));
    const auto high = hn::ShiftRight<8>(hn::Add(value, hn::Set(di, 128)));
    hn::StoreU(hn::DemoteTo(d8, high), d8, out + i);
    hn::StoreU(hn::DemoteTo(d8, hn::Sub(value, hn::ShiftLeft<8>(high))), d8, out + kGroup + i);
  }
  return (plain ? range.largest / kLargestValue : 0.0f) + range.poison;
}

/// One group rounded to MXFP4, ties to the even code; returns the scale of the doubled values.
HWY_INLINE float EncodeMxfp4(const float* HWY_RESTRICT x, int8_t* HWY_RESTRICT out) {
  const D d;
  const DI di;
  const D8 d8;
  const Range range = RangeOf(x);
  const uint8_t scale = TruncationFreeScale(range.poison == 0 ? range.largest : INFINITY);
  const auto inverse = hn::Set(d, scale == 255 ? 0.0f : InverseScale(scale));
  for (size_t i = 0; i < kGroup; i += hn::Lanes(d)) {
    const auto scaled = hn::Mul(hn::LoadU(d, x + i), inverse);
    const auto doubled = hn::Add(scaled, scaled);
    const auto magnitude = hn::Abs(doubled);
    // Steps of the grid: 1 below 4, 2 below 8, then 4.
    const auto fine = hn::Round(doubled);
    const auto middle = hn::Mul(hn::Round(scaled), hn::Set(d, 2.0f));
    const auto coarse = hn::Mul(hn::Round(hn::Mul(scaled, hn::Set(d, 0.5f))), hn::Set(d, 4.0f));
    const auto rounded =
        hn::IfThenElse(hn::Lt(magnitude, hn::Set(d, 4.0f)), fine,
                       hn::IfThenElse(hn::Lt(magnitude, hn::Set(d, 8.0f)), middle, coarse));
    hn::StoreU(hn::DemoteTo(d8, hn::ConvertTo(di, rounded)), d8, out + i);
  }
  return HalfScale(scale);
}

template <int kPlanes>
HWY_INLINE void EncodeGroup(const float* x, int8_t* values, float* scale, int32_t* offsets) {
  *scale = kPlanes == 1 ? EncodeMxfp4(x, values) : EncodeInt16(x, values);
  for (int quarter = 0; quarter < 4; ++quarter) {
    int32_t sum = 0;
    for (int plane = 0; plane < kPlanes; ++plane) {
      const int8_t* first = values + plane * kGroup + 4 * quarter;
      sum *= 256;
      for (int i = 0; i < 4; ++i) {
        sum += first[i] + first[16 + i];
      }
    }
    offsets[quarter] = -12 * sum;
  }
}

template <int kPlanes>
HWY_INLINE void EncodeRow(const float* x, int64_t cols, int8_t* values, float* scales,
                          int32_t* offsets) {
  for (int64_t i = 0; i < cols; i += kGroup) {
    HWY_ALIGN float rest[kGroup] = {};
    if (cols - i < kGroup) {
      std::copy(x + i, x + cols, rest);
    }
    EncodeGroup<kPlanes>(cols - i < kGroup ? rest : x + i, values, scales++, offsets);
    values += kPlanes * kGroup;
    offsets += 4;
  }
}

void EncodeInt16Row(const float* x, int64_t cols, int8_t* values, float* scales, int32_t* offsets) {
  EncodeRow<2>(x, cols, values, scales, offsets);
}
void EncodeMxfp4Row(const float* x, int64_t cols, int8_t* values, float* scales, int32_t* offsets) {
  EncodeRow<1>(x, cols, values, scales, offsets);
}

/// [cols] floats from a row of one plane.
void DecodeRow(const int8_t* values, const float* scales, int64_t cols, float* out) {
  for (int64_t i = 0; i < cols; ++i) {
    out[i] = scales[i / kGroup] * static_cast<float>(values[i]);
  }
}

}  // namespace tersor::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tersor::kernel {
namespace {

HWY_EXPORT(EncodeInt16Row);
HWY_EXPORT(EncodeMxfp4Row);
HWY_EXPORT(DecodeRow);

}  // namespace

ByteGroups Activations::Encode(int planes) const {
  const int64_t groups = (cols_ + kGroup - 1) / kGroup;
  auto* values = workspace_.Take<int8_t>(tokens_ * groups * planes * kGroup);
  auto* scales = workspace_.Take<float>(tokens_ * groups);
  auto* offsets = workspace_.Take<int32_t>(tokens_ * groups * 4);
  ParallelFor(0, tokens_, 8, [&](int64_t first, int64_t last) {
    for (int64_t t = first; t < last; ++t) {
      const auto encode =
          planes == 1 ? HWY_DYNAMIC_DISPATCH(EncodeMxfp4Row) : HWY_DYNAMIC_DISPATCH(EncodeInt16Row);
      encode(row(t), cols_, values + t * groups * planes * kGroup, scales + t * groups,
             offsets + t * groups * 4);
    }
  });
  return {planes, values, scales, offsets, groups};
}

const ByteGroups& Activations::Int16Bytes() const {
  if (int16_bytes_.values == nullptr) {
    int16_bytes_ = Encode(2);
  }
  return int16_bytes_;
}

const ByteGroups& Activations::Mxfp4() const {
  if (mxfp4_.values == nullptr) {
    mxfp4_ = Encode(1);
  }
  return mxfp4_;
}

const Activations& Activations::Mxfp4Floats() const {
  static_assert(std::is_trivially_destructible_v<Activations>);
  if (mxfp4_floats_ == nullptr) {
    const ByteGroups& groups = Mxfp4();
    auto* floats = workspace_.Take<float>(tokens_ * cols_);
    ParallelFor(0, tokens_, 8, [&](int64_t first, int64_t last) {
      for (int64_t t = first; t < last; ++t) {
        HWY_DYNAMIC_DISPATCH(DecodeRow)
        (groups.values + t * groups.groups * kGroup, groups.scales + t * groups.groups, cols_,
         floats + t * cols_);
      }
    });
    mxfp4_floats_ =
        new (workspace_.Take<Activations>(1)) Activations(floats, tokens_, cols_, workspace_);
  }
  return *mxfp4_floats_;
}

const Mxfp4Operand& Activations::Mxfp4Rows() const {
  static_assert(std::is_trivially_destructible_v<Mxfp4Operand>);
  if (mxfp4_rows_ == nullptr) {
    Mxfp4Source source;
    source.x = {x_, tokens_, cols_, cols_};
    mxfp4_rows_ = new (workspace_.Take<Mxfp4Operand>(1))
        Mxfp4Operand(PackMxfp4(source, OperandSide::kRows, workspace_));
  }
  return *mxfp4_rows_;
}

}  // namespace tersor::kernel
#endif  // HWY_ONCE
