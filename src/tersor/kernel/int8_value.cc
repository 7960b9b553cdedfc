#include "tersor/kernel/int8_value.h"

#include <algorithm>
#include <vector>

#include "tersor/kernel/attend.h"
#include "tersor/kernel/flash_pack.h"
#include "tersor/kernel/int8_value_vnni.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tersor/kernel/int8_value.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "tersor/kernel/tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tersor::kernel::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// The definition.
void RunPlainValues(const Int8ValueInput& in) {
  for (int64_t r = 0; r < in.rows; ++r) {
    for (int64_t i = 0; i < in.padded; ++i) {
      int32_t sum = 0;
      for (int64_t c = in.begin; c < in.end; ++c) {
        const int64_t at = i / 16 * 16 * kKeyBlock + c / 4 * 64 + i % 16 * 4 + c % 4;
        sum += in.weights[r * kKeyBlock + c] * in.values[at];
      }
      in.out[r * in.padded + i] +=
          static_cast<float>(sum) * in.weight_scales[r] * in.value_scales[i];
    }
  }
}

std::span<const Int8ValueKernel> ValueKernels() {
  static const std::vector<Int8ValueKernel> kernels = [] {
    std::vector<Int8ValueKernel> list;
#if HWY_TARGET <= HWY_AVX3 && HWY_ARCH_X86
    AddValueVnni512(list);
#elif HWY_TARGET == HWY_AVX2
    AddValueVnni256(list);
#endif
    list.push_back({"plain", RunPlainValues});
    return list;
  }();
  return kernels;
}

/// One vector of channels: scales, and codes of four positions at a time, a position in each byte
/// of a lane.
HWY_INLINE void EncodeChannels(const float* values, int64_t padded, int8_t* HWY_RESTRICT codes,
                               float* scales) {
  const TileTag d;
  const hn::RebindToSigned<TileTag> di;
  auto largest = hn::Zero(d), poison = hn::Zero(d);  // 0, or NaN where a value is not finite
  for (int64_t c = 0; c < kKeyBlock; ++c) {
    const auto x = hn::LoadU(d, values + c * padded);
    largest = hn::Max(largest, hn::Abs(x));
    poison = hn::MulAdd(x, hn::Zero(d), poison);
  }
  const auto counts = hn::And(hn::Ge(largest, hn::Set(d, 1e-30f)), hn::Eq(poison, hn::Zero(d)));
  const auto scale = hn::Mul(largest, hn::Set(d, 1.0f / 127));
  hn::StoreU(hn::Add(hn::IfThenElseZero(counts, scale), poison), d, scales);
  const auto inverse = hn::Div(hn::Set(d, 127.0f), hn::IfThenElse(counts, largest, hn::Set(d, 1)));
  const auto byte = hn::Set(di, 255);
  for (int64_t c = 0; c < kKeyBlock; c += 4, codes += 64) {
    auto quad = hn::Zero(di);
    for (int64_t k = 3; k >= 0; --k) {
      const auto x = hn::Mul(hn::LoadU(d, values + (c + k) * padded), inverse);
      const auto code = hn::NearestInt(hn::IfThenElseZero(counts, x));
      quad = hn::Or(hn::ShiftLeft<8>(quad), hn::And(code, byte));
    }
    hn::StoreU(quad, di, reinterpret_cast<int32_t*>(codes));
  }
}

/// values [kKeyBlock, padded].
void EncodeValues(const float* values, int64_t padded, int8_t* codes, float* scales) {
  for (int64_t i = 0; i < padded; i += kTileLanes) {
    EncodeChannels(values + i, padded, codes + i / 16 * 16 * kKeyBlock + i % 16 * 4, scales + i);
  }
}

}  // namespace tersor::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tersor::kernel {
namespace {

HWY_EXPORT(ValueKernels);
HWY_EXPORT(EncodeValues);

}  // namespace

std::span<const Int8ValueKernel> Int8ValueKernels() { return HWY_DYNAMIC_DISPATCH(ValueKernels)(); }

const Int8ValueKernel* FastInt8Values() {
  const std::span<const Int8ValueKernel> kernels = Int8ValueKernels();
  return kernels.size() > 1 ? &kernels.front() : nullptr;
}

void QuantizeValues(FloatType type, const std::byte* from, int64_t stride, int64_t count,
                    int64_t dim, int8_t* codes, float* scales) {
  const int64_t padded = PaddedDim(dim);
  float values[kKeyBlock * kMaxHeadDim];
  PackRows(type, from, stride, count, dim, values);
  std::fill(values + count * padded, values + kKeyBlock * padded, 0.0f);
  HWY_DYNAMIC_DISPATCH(EncodeValues)(values, padded, codes, scales);
}

}  // namespace tersor::kernel
#endif  // HWY_ONCE
