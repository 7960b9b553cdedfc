#include "tersor/kernel/decode.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "tersor/util/half.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tersor/kernel/decode.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "tersor/kernel/load_float-inl.h"
#include "tersor/kernel/mxfp4_unpack-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tersor::kernel::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class T>
void DecodeAll(const uint8_t* from, int64_t count, float* HWY_RESTRICT out) {
  const hn::ScalableTag<float> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    hn::StoreU(LoadFloats<T>(d, from + i * static_cast<int64_t>(sizeof(T))), d, out + i);
  }
  for (; i < count; ++i) {
    out[i] = LoadFloat<T>(from + i * static_cast<int64_t>(sizeof(T)));
  }
}

void DecodeF32(const uint8_t* from, int64_t count, float* out) {
  DecodeAll<float>(from, count, out);
}
void DecodeBF16(const uint8_t* from, int64_t count, float* out) {
  DecodeAll<hwy::bfloat16_t>(from, count, out);
}
void DecodeF16(const uint8_t* from, int64_t count, float* out) {
  DecodeAll<hwy::float16_t>(from, count, out);
}

/// scale · value for the first `count` <= 32 values.
HWY_INLINE void ScaleValues(const int8_t* values, float scale, int64_t count,
                            float* HWY_RESTRICT out) {
  const hn::CappedTag<float, 32> d;
  const hn::Rebind<int32_t, decltype(d)> d32;
  const hn::Rebind<int8_t, decltype(d)> d8;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto scales = hn::Set(d, scale);
  int64_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    const auto wide = hn::PromoteTo(d32, hn::LoadU(d8, values + i));
    hn::StoreU(hn::Mul(hn::ConvertTo(d, wide), scales), d, out + i);
  }
  for (; i < count; ++i) {
    out[i] = static_cast<float>(values[i]) * scale;
  }
}

void DecodeInt8Blocks(const uint8_t* blocks, int64_t count, float* out) {
  for (int64_t i = 0; i < count; i += 32, blocks += sizeof(Int8Block)) {
    ScaleValues(reinterpret_cast<const int8_t*>(blocks + 2), LoadFloat<hwy::float16_t>(blocks),
                std::min<int64_t>(32, count - i), out + i);
  }
}

void DecodeMxfp4Blocks(const uint8_t* blocks, int64_t count, float* out) {
  HWY_ALIGN int8_t doubled[32];
  for (int64_t i = 0; i < count; i += 32, blocks += sizeof(GgmlMxfp4Block)) {
    UnpackMxfp4(blocks, doubled);
    ScaleValues(doubled, HalfScale(*blocks), std::min<int64_t>(32, count - i), out + i);
  }
}

}  // namespace tersor::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tersor::kernel {
namespace {

HWY_EXPORT(DecodeF32);
HWY_EXPORT(DecodeBF16);
HWY_EXPORT(DecodeF16);
HWY_EXPORT(DecodeInt8Blocks);
HWY_EXPORT(DecodeMxfp4Blocks);

}  // namespace

void DecodeFloats(FloatType type, const std::byte* from, int64_t count, float* out) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(from);
  switch (type) {
    case FloatType::kF32:
      return HWY_DYNAMIC_DISPATCH(DecodeF32)(bytes, count, out);
    case FloatType::kBF16:
      return HWY_DYNAMIC_DISPATCH(DecodeBF16)(bytes, count, out);
    case FloatType::kF16:
      return HWY_DYNAMIC_DISPATCH(DecodeF16)(bytes, count, out);
  }
}

void DecodeInt8(const std::byte* blocks, int64_t count, float* out) {
  HWY_DYNAMIC_DISPATCH(DecodeInt8Blocks)(reinterpret_cast<const uint8_t*>(blocks), count, out);
}

void DecodeMxfp4(const std::byte* blocks, int64_t count, float* out) {
  HWY_DYNAMIC_DISPATCH(DecodeMxfp4Blocks)(reinterpret_cast<const uint8_t*>(blocks), count, out);
}

void EncodeInt8(const float* weights, int64_t cols, std::byte* blocks) {
  for (int64_t first = 0; first < cols; first += kGroup) {
    const int64_t count = std::min(kGroup, cols - first);
    float largest = 0, poison = 0;
    for (int64_t i = 0; i < count; ++i) {
      largest = std::max(largest, std::abs(weights[first + i]));
      poison += weights[first + i] * 0;  // NaN for what is not finite
    }
    Int8Block block{FloatToF16(largest / 127 + poison), {}};
    // Values are rounded by the scale as it is stored. It underflows to 0 for the tiniest weights.
    const float scale = F16ToFloat(block.scale);
    for (int64_t i = 0; i < count && scale > 0; ++i) {
      const float value = std::nearbyint(weights[first + i] / scale);
      block.values[i] = static_cast<int8_t>(std::clamp(value, -127.0f, 127.0f));
    }
    std::memcpy(blocks + first / kGroup * static_cast<int64_t>(sizeof(block)), &block,
                sizeof(block));
  }
}

void EncodeMxfp4(const float* weights, int64_t cols, std::byte* blocks) {
  for (int64_t first = 0; first < cols; first += kGroup, blocks += sizeof(GgmlMxfp4Block)) {
    float group[GgmlMxfp4Block::kSize] = {};
    std::copy_n(weights + first, std::min(kGroup, cols - first), group);
    const GgmlMxfp4Block block = EncodeGgmlMxfp4(group);
    std::memcpy(blocks, &block, sizeof(block));
  }
}

}  // namespace tersor::kernel
#endif  // HWY_ONCE
