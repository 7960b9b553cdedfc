#include "tersor/kernel/matvec.h"

#include <algorithm>
#include <cstring>

#include "tersor/kernel/prefetch.h"
#include "tersor/util/parallel_for.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tersor/kernel/matvec.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "tersor/kernel/load_float-inl.h"

#ifndef TERSOR_KERNEL_MATVEC_ONCE_
#define TERSOR_KERNEL_MATVEC_ONCE_
namespace tersor::kernel {

// Each thread walks its rows in this many places at once, every one a stream of its own to the
// prefetcher: measured to read a third more than one stream does (see docs/runtime.md).
constexpr int64_t kStreams = 4;
constexpr int64_t kAhead = 512;  // bytes that are asked for before they are used

}  // namespace tersor::kernel
#endif  // TERSOR_KERNEL_MATVEC_ONCE_

HWY_BEFORE_NAMESPACE();
namespace tersor::kernel::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Sums of kRows rows, `stride` bytes apart, with one x: out[r * out_stride].
template <class T, int kRows>
HWY_INLINE void DotRows(int64_t cols, const uint8_t* weights, int64_t stride,
                        const float* HWY_RESTRICT x, float* out, int64_t out_stride) {
  const hn::ScalableTag<float> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  // Two sums a row: enough independent additions for the units' latency.
  hn::Vec<decltype(d)> even[kRows], odd[kRows];
  for (int r = 0; r < kRows; ++r) {
    even[r] = odd[r] = hn::Zero(d);
  }
  constexpr auto kBytes = static_cast<int64_t>(sizeof(T));
  int64_t i = 0;
  for (; i + 2 * lanes <= cols; i += 2 * lanes) {
    const auto x0 = hn::LoadU(d, x + i), x1 = hn::LoadU(d, x + i + lanes);
    for (int r = 0; r < kRows; ++r) {
      const uint8_t* row = weights + r * stride + i * kBytes;
      PrefetchOnce(row + kAhead);
      even[r] = hn::MulAdd(LoadFloats<T>(d, row), x0, even[r]);
      odd[r] = hn::MulAdd(LoadFloats<T>(d, row + lanes * kBytes), x1, odd[r]);
    }
  }
  for (int r = 0; r < kRows; ++r) {
    float sum = hn::GetLane(hn::SumOfLanes(d, hn::Add(even[r], odd[r])));
    for (int64_t k = i; k < cols; ++k) {
      sum += LoadFloat<T>(weights + r * stride + k * kBytes) * x[k];
    }
    out[r * out_stride] = sum;
  }
}

/// Rows [first, last) of y for every token.
template <class T>
void MatvecRows(int64_t first, int64_t last, int64_t rows, const uint8_t* weights,
                const Activations& x, float* y) {
  const int64_t cols = x.cols(), bytes = cols * static_cast<int64_t>(sizeof(T));
  const int64_t quarter = (last - first) / kStreams;
  for (int64_t r = first; r < first + quarter; ++r) {
    for (int64_t t = 0; t < x.tokens(); ++t) {
      DotRows<T, kStreams>(cols, weights + r * bytes, quarter * bytes, x.row(t), y + t * rows + r,
                           quarter);
    }
  }
  for (int64_t r = first + kStreams * quarter; r < last; ++r) {
    for (int64_t t = 0; t < x.tokens(); ++t) {
      DotRows<T, 1>(cols, weights + r * bytes, 0, x.row(t), y + t * rows + r, 0);
    }
  }
}

void MatvecF32(int64_t first, int64_t last, int64_t rows, const uint8_t* weights,
               const Activations& x, float* y) {
  MatvecRows<float>(first, last, rows, weights, x, y);
}
void MatvecBF16(int64_t first, int64_t last, int64_t rows, const uint8_t* weights,
                const Activations& x, float* y) {
  MatvecRows<hwy::bfloat16_t>(first, last, rows, weights, x, y);
}
void MatvecF16(int64_t first, int64_t last, int64_t rows, const uint8_t* weights,
               const Activations& x, float* y) {
  MatvecRows<hwy::float16_t>(first, last, rows, weights, x, y);
}

#if HWY_TARGET == HWY_SCALAR
using D16 = hn::Sisd<int16_t>;
using D32 = hn::Sisd<int32_t>;
#else
using D16 = hn::CappedTag<int16_t, 32>;
using D32 = hn::RepartitionToWide<D16>;
#endif

/// Sums of one block's 32 products with its group of x; together the lanes hold all of them.
HWY_INLINE hn::Vec<D32> BlockSums(const uint8_t* block, const int16_t* HWY_RESTRICT x) {
  const D16 d16;
  const D32 d32;
  const hn::Rebind<int8_t, D16> d8;
  const auto* values = reinterpret_cast<const int8_t*>(block + 2);
  auto sum = hn::Zero(d32), high = hn::Zero(d32);
  for (size_t i = 0; i < 32; i += hn::Lanes(d16)) {
    const auto weights = hn::PromoteTo(d16, hn::LoadU(d8, values + i));
    sum = hn::ReorderWidenMulAccumulate(d32, weights, hn::LoadU(d16, x + i), sum, high);
  }
  return hn::Add(sum, high);
}

template <int kRows>
HWY_INLINE void DotBlocks(int64_t groups, const uint8_t* blocks, int64_t stride,
                          const int16_t* HWY_RESTRICT x, const float* HWY_RESTRICT scales,
                          float* out, int64_t out_stride) {
  const hn::RebindToFloat<D32> d;
  hn::Vec<decltype(d)> sums[kRows];
  for (int r = 0; r < kRows; ++r) {
    sums[r] = hn::Zero(d);
  }
  for (int64_t g = 0; g < groups; ++g) {
    for (int r = 0; r < kRows; ++r) {
      const uint8_t* block = blocks + r * stride + g * static_cast<int64_t>(sizeof(Int8Block));
      PrefetchOnce(block + kAhead);
      const auto products = hn::ConvertTo(d, BlockSums(block, x + g * 32));
      const float scale = LoadFloat<hwy::float16_t>(block) * scales[g];
      sums[r] = hn::MulAdd(products, hn::Set(d, scale), sums[r]);
    }
  }
  for (int r = 0; r < kRows; ++r) {
    out[r * out_stride] = hn::GetLane(hn::SumOfLanes(d, sums[r]));
  }
}

void MatvecInt8Rows(int64_t first, int64_t last, int64_t rows, const uint8_t* blocks,
                    const Int16Groups& x, int64_t tokens, float* y) {
  const int64_t bytes = x.groups * static_cast<int64_t>(sizeof(Int8Block));
  const int64_t quarter = (last - first) / kStreams;
  for (int64_t r = first; r < last; ++r) {
    const bool many = r < first + quarter;
    if (!many && r < first + kStreams * quarter) {
      continue;  // a row of another stream
    }
    for (int64_t t = 0; t < tokens; ++t) {
      const int16_t* values = x.values + t * x.groups * kGroup;
      const float* scales = x.scales + t * x.groups;
      float* out = y + t * rows + r;
      if (many) {
        DotBlocks<kStreams>(x.groups, blocks + r * bytes, quarter * bytes, values, scales, out,
                            quarter);
      } else {
        DotBlocks<1>(x.groups, blocks + r * bytes, 0, values, scales, out, 0);
      }
    }
  }
}

}  // namespace tersor::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tersor::kernel {
namespace {

constexpr int64_t kGrainBytes = 1 << 16;  // of W, below which a second thread does not pay

HWY_EXPORT(MatvecF32);
HWY_EXPORT(MatvecBF16);
HWY_EXPORT(MatvecF16);
HWY_EXPORT(MatvecInt8Rows);

}  // namespace

void MatvecFloat(FloatType type, int64_t rows, const std::byte* weights, const Activations& x,
                 float* y) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(weights);
  const int64_t grain = std::max<int64_t>(1, kGrainBytes / (x.cols() * BytesOf(type)));
  ParallelFor(0, rows, grain, [&](int64_t first, int64_t last) {
    switch (type) {
      case FloatType::kF32:
        return HWY_DYNAMIC_DISPATCH(MatvecF32)(first, last, rows, bytes, x, y);
      case FloatType::kBF16:
        return HWY_DYNAMIC_DISPATCH(MatvecBF16)(first, last, rows, bytes, x, y);
      case FloatType::kF16:
        return HWY_DYNAMIC_DISPATCH(MatvecF16)(first, last, rows, bytes, x, y);
    }
  });
}

void MatvecInt8(int64_t rows, const std::byte* blocks, const Activations& x, float* y) {
  const Int16Groups& groups = x.Int16();
  const int64_t grain = std::max<int64_t>(1, kGrainBytes / x.cols());
  ParallelFor(0, rows, grain, [&](int64_t first, int64_t last) {
    HWY_DYNAMIC_DISPATCH(MatvecInt8Rows)
    (first, last, rows, reinterpret_cast<const uint8_t*>(blocks), groups, x.tokens(), y);
  });
}

}  // namespace tersor::kernel
#endif  // HWY_ONCE
