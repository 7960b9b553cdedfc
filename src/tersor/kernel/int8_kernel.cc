#include "tersor/kernel/int8_kernel.h"

#include <cstring>
#include <type_traits>
#include <utility>
#include <vector>

#include "tersor/kernel/int8_vnni.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tersor/kernel/int8_kernel.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

// A tile keeps sums of kTileRows rows by two vectors of columns in registers. Per step along the
// depth it loads two vectors of b, which come from the first cache, and broadcasts one group of
// codes a row, straight from the row.
//
// pairs    int16 x int16 summed in pairs (vpmaddwd): exact, half of the bytes' rate.
// maddubs  7-bit b plus 64 times 8-bit a (vpmaddubsw): a pair's sum stays within 127 · 127 · 2 =
//          32258, so the 16-bit sums never saturate.

HWY_BEFORE_NAMESPACE();
namespace tersor::kernel::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using DI = hn::ScalableTag<int32_t>;
using VI = hn::Vec<DI>;

// Sums, two vectors of b and one of a must fit in the registers: 32 of them, or 16.
#if HWY_TARGET <= HWY_AVX3 || HWY_ARCH_ARM
constexpr int kTileRows = 12;
#else
constexpr int kTileRows = 6;
#endif

/// sum + a0 · b0 + a1 · b1 for the pairs of int16 in each lane.
struct Pairs {
  static constexpr int kBytes = 4, kGroup = 2;
  static HWY_INLINE VI Dot(VI b, VI a, VI sum) {
#if HWY_ARCH_X86 && HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_EMU128
    const DI d;
    const hn::RepartitionToNarrow<DI> d16;
    VI unused = sum;
    return hn::ReorderWidenMulAccumulate(d, hn::BitCast(d16, a), hn::BitCast(d16, b), sum, unused);
#else
    const VI low =
        hn::Mul(hn::ShiftRight<16>(hn::ShiftLeft<16>(a)), hn::ShiftRight<16>(hn::ShiftLeft<16>(b)));
    const VI high = hn::Mul(hn::ShiftRight<16>(a), hn::ShiftRight<16>(b));
    return hn::Add(sum, hn::Add(low, high));
#endif
  }
};

#if HWY_TARGET == HWY_AVX2
#define TERSOR_HAVE_MADDUBS 1
/// sum + the products of four bytes in each lane: b unsigned, a signed.
struct Maddubs {
  static constexpr int kBytes = 4, kGroup = 4;
  static HWY_INLINE VI Dot(VI b, VI a, VI sum) {
    const __m256i pairs = _mm256_maddubs_epi16(b.raw, a.raw);
    return VI{_mm256_add_epi32(sum.raw, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)))};
  }
};
#else
#define TERSOR_HAVE_MADDUBS 0
#endif

/// GCC would form the products of all rows first and then have no registers for the sums. A
/// statement that claims to change a sum keeps the rows in turn.
HWY_INLINE void KeepInTurn(VI& sum) {
#if HWY_ARCH_X86 && HWY_TARGET != HWY_SCALAR && HWY_TARGET != HWY_EMU128
  asm volatile("" : "+v"(sum.raw));
#else
  (void)sum;
#endif
}

/// One group of a row times two vectors of columns.
template <class Op>
HWY_INLINE void Step(const VI (&columns)[2], VI row, VI (&sum)[2]) {
#if HWY_TARGET == HWY_AVX2
  if constexpr (std::is_same_v<Op, Pairs>) {
    // From intrinsics, GCC spends moves between registers on these, and the loop is bound by how
    // many instructions are decoded. Both products before both sums keeps the multipliers busier.
    VI product;
    asm("vpmaddwd %[b0], %[a], %[product]\n\t"
        "vpmaddwd %[b1], %[a], %[a]\n\t"
        "vpaddd %[product], %[sum0], %[sum0]\n\t"
        "vpaddd %[a], %[sum1], %[sum1]"
        : [sum0] "+x"(sum[0].raw), [sum1] "+x"(sum[1].raw), [product] "=&x"(product.raw),
          [a] "+x"(row.raw)
        : [b0] "x"(columns[0].raw), [b1] "x"(columns[1].raw));
    return;
  }
#endif
  for (int v = 0; v < 2; ++v) {
    sum[v] = Op::Dot(columns[v], row, sum[v]);
    KeepInTurn(sum[v]);
  }
}
template <class Op>
HWY_INLINE void Step(const VI (&columns)[1], VI row, VI (&sum)[1]) {
  sum[0] = Op::Dot(columns[0], row, sum[0]);
  KeepInTurn(sum[0]);
}

template <class Op, int kRows, int kVectors, int64_t kBlock>
HWY_INLINE void Tile(const BlockProduct& p, int64_t row, int64_t col) {
  const DI d;
  const hn::RebindToFloat<DI> df;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  constexpr int64_t kCode = Op::kBytes / Op::kGroup;
  const auto* HWY_RESTRICT a = static_cast<const char*>(p.a) + row * kBlock * kCode;
  const auto* HWY_RESTRICT b =
      static_cast<const int32_t*>(p.b) + col * kBlock / Op::kGroup;  // a lane holds a group
  VI sum[kRows][kVectors];
  HWY_UNROLL(12)
  for (int r = 0; r < kRows; ++r) {
    // An offset kernel sums a · (b + 64): the surplus comes off first.
    const VI start = Op::kGroup == 4 ? hn::Set(d, -64 * p.a_sums[row + r]) : hn::Zero(d);
    for (int v = 0; v < kVectors; ++v) {
      sum[r][v] = start;
    }
  }
  HWY_UNROLL(2)
  for (int64_t k = 0; k < kBlock; k += Op::kGroup) {
    VI columns[kVectors];
    for (int v = 0; v < kVectors; ++v) {
      columns[v] = hn::Load(d, b + v * lanes);
    }
    b += kVectors * lanes;
    HWY_UNROLL(12)
    for (int r = 0; r < kRows; ++r) {
      int32_t group;
      std::memcpy(&group, a + (r * kBlock + k) * kCode, sizeof group);
      Step<Op>(columns, hn::Set(d, group), sum[r]);
    }
  }
  const auto scale = hn::Set(df, p.scale);
  float* HWY_RESTRICT out = p.sums + row * kBlock + col;
  HWY_UNROLL(12)
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVectors; ++v) {
      float* at = out + r * kBlock + v * lanes;
      hn::Store(hn::MulAdd(hn::ConvertTo(df, sum[r][v]), scale, hn::Load(df, at)), df, at);
    }
  }
}

template <class Op, int kVectors, int64_t kBlock>
void MultiplyBlock(const BlockProduct& p) {
  const auto panel = kVectors * static_cast<int64_t>(hn::Lanes(DI()));
  for (int64_t col = 0; col < p.cols; col += panel) {
    int64_t row = 0;
    const auto run = [&]<int kRows>(std::integral_constant<int, kRows>) {
      for (; row + kRows <= p.rows; row += kRows) {
        Tile<Op, kRows, kVectors, kBlock>(p, row, col);
      }
    };
    run(std::integral_constant<int, kTileRows>());
    run(std::integral_constant<int, 4>());
    run(std::integral_constant<int, 1>());
  }
}

template <class Op, int kVectors>
void Multiply(const BlockProduct& p) {
  switch (p.block) {  // A constant distance between rows keeps all addresses in one register.
    case 32:
      return MultiplyBlock<Op, kVectors, 32>(p);
    case 64:
      return MultiplyBlock<Op, kVectors, 64>(p);
    default:
      return MultiplyBlock<Op, kVectors, 128>(p);
  }
}

std::span<const Int8Kernel> Kernels() {
  static const std::vector<Int8Kernel> kernels = [] {
    const auto lanes = static_cast<int64_t>(hn::Lanes(DI()));
    std::vector<Int8Kernel> list;
    // Byte kernels of instruction sets that Highway has no name for.
#if HWY_TARGET <= HWY_AVX3 && HWY_ARCH_X86
    AddVnni512(list);
#elif HWY_TARGET == HWY_AVX2
    AddVnni256(list);
#endif
    list.push_back({"pairs", Int8Layout::kPairs, 2 * lanes, 0, 127, Multiply<Pairs, 2>});
#if TERSOR_HAVE_MADDUBS
    list.push_back({"maddubs", Int8Layout::kQuads, lanes, 64, 63, Multiply<Maddubs, 1>});
#endif
    return list;
  }();
  return kernels;
}

}  // namespace tersor::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tersor::kernel {
namespace {

HWY_EXPORT(Kernels);

}  // namespace

std::span<const Int8Kernel> Int8Kernels() { return HWY_DYNAMIC_DISPATCH(Kernels)(); }

const Int8Kernel& BestInt8Kernel() { return Int8Kernels().front(); }

}  // namespace tersor::kernel
#endif  // HWY_ONCE
