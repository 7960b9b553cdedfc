#include "tersor/kernel/mxfp4_pack.h"

#include <algorithm>
#include <cstring>

#include "tersor/kernel/mxfp4_kernel.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tersor/kernel/mxfp4_pack.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#ifndef TERSOR_KERNEL_MXFP4_PACK_ONCE_
#define TERSOR_KERNEL_MXFP4_PACK_ONCE_
namespace tersor::kernel {

/// What becomes of the codes of one group.
struct Mxfp4GroupTask {
  const uint8_t* codes;      // [8][8 rows][4]
  const int32_t* doublings;  // [8 rows] of the codes
  int32_t most_doublings;
  int offset;  // added in the end
  uint8_t* out;
  int16_t* sums;  // [8 rows][2]; null: not wanted
};

constexpr int8_t kDoubled[16] = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

}  // namespace tersor::kernel
#endif  // TERSOR_KERNEL_MXFP4_PACK_ONCE_

HWY_BEFORE_NAMESPACE();
namespace tersor::kernel::HWY_NAMESPACE {
namespace {

#if HWY_TARGET <= HWY_AVX2 && HWY_ARCH_X86

/// Returns the largest of the rows' sums of squares.
int32_t PackGroup(const Mxfp4GroupTask& task) {
  const __m256i values =
      _mm256_broadcastsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(kDoubled)));
  const __m256i doublings = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(task.doublings));
  const __m256i offset = _mm256_set1_epi8(static_cast<char>(task.offset));
  const __m256i ones8 = _mm256_set1_epi8(1), ones16 = _mm256_set1_epi16(1);
  __m256i sums = _mm256_setzero_si256(), squares = _mm256_setzero_si256();
  for (int q = 0; q < 8; ++q) {
    __m256i v = _mm256_shuffle_epi8(
        values, _mm256_load_si256(reinterpret_cast<const __m256i*>(task.codes) + q));
    for (int32_t i = 0; i < task.most_doublings; ++i) {
      const __m256i doubled = _mm256_cmpgt_epi32(doublings, _mm256_set1_epi32(i));
      v = _mm256_add_epi8(v, _mm256_and_si256(v, doubled));
    }
    const __m256i magnitude = _mm256_abs_epi8(v);
    squares = _mm256_add_epi32(
        squares, _mm256_madd_epi16(_mm256_maddubs_epi16(magnitude, magnitude), ones16));
    sums = _mm256_add_epi16(sums, _mm256_maddubs_epi16(ones8, v));
    _mm256_store_si256(reinterpret_cast<__m256i*>(task.out) + q, _mm256_add_epi8(v, offset));
  }
  if (task.sums != nullptr) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(task.sums), sums);
  }
  const __m128i half =
      _mm_max_epi32(_mm256_castsi256_si128(squares), _mm256_extracti128_si256(squares, 1));
  const __m128i quarter = _mm_max_epi32(half, _mm_shuffle_epi32(half, 0x4E));
  return _mm_cvtsi128_si32(_mm_max_epi32(quarter, _mm_shuffle_epi32(quarter, 0xB1)));
}

#else

int32_t PackGroup(const Mxfp4GroupTask& task) {
  int32_t squares[8] = {};
  if (task.sums != nullptr) {
    std::fill_n(task.sums, 16, int16_t{0});
  }
  for (int i = 0; i < 256; ++i) {
    const int row = i / 4 % 8;
    const int value = kDoubled[task.codes[i]] * (1 << task.doublings[row]);
    squares[row] += value * value;
    if (task.sums != nullptr) {
      int16_t& sum = task.sums[row * 2 + i % 4 / 2];
      sum = static_cast<int16_t>(sum + value);
    }
    task.out[i] = static_cast<uint8_t>(value + task.offset);
  }
  return *std::max_element(squares, squares + 8);
}

#endif

// Eight rows at once, in vectors that cover them or a part of them.
namespace hn = hwy::HWY_NAMESPACE;
using DI = hn::CappedTag<int32_t, kMxfp4BlockRows>;
using VI = hn::Vec<DI>;
constexpr int32_t kNoLow = 1 << 20, kNoHigh = -1;  // of rows that hold zeros only

HWY_INLINE VI LoadScales(const uint8_t* scales) {
  return hn::PromoteTo(DI(), hn::LoadU(hn::Rebind<uint8_t, DI>(), scales));
}

/// Rows of a block whose scale counts: -1, those of zeros: 0.
HWY_INLINE void FindRowsInUse(const Mxfp4Block& block, int32_t* in_use) {
  const DI d;
  for (int64_t v = 0; v < kMxfp4BlockRows; v += static_cast<int64_t>(hn::Lanes(d))) {
    VI any = hn::Zero(d);
    for (const auto& words : block.codes) {
      any = hn::Or(any, hn::Load(d, reinterpret_cast<const int32_t*>(words[v])));
    }
    any = hn::And(any, hn::Set(d, 0x07070707));
    const auto nan = hn::Eq(LoadScales(block.scales + v), hn::Set(d, int32_t{kMxNanScale}));
    hn::Store(hn::VecFromMask(d, hn::Or(hn::Ne(any, hn::Zero(d)), nan)), d, in_use + v);
  }
}

/// Scales of the rows of a block in a run of groups.
struct Run {
  alignas(64) int32_t low[kMxfp4BlockRows], high[kMxfp4BlockRows];

  Run() {
    std::fill_n(low, kMxfp4BlockRows, kNoLow);
    std::fill_n(high, kMxfp4BlockRows, kNoHigh);
  }

  /// Takes a group in, if every row's codes can be brought to its smallest scale.
  bool Add(const uint8_t* scales, const int32_t* in_use, int32_t most_doublings) {
    const DI d;
    Run next;
    bool fits = true;
    for (int64_t v = 0; v < kMxfp4BlockRows; v += static_cast<int64_t>(hn::Lanes(d))) {
      const VI scale = LoadScales(scales + v);
      const auto used = hn::MaskFromVec(hn::Load(d, in_use + v));
      const VI least =
          hn::Min(hn::Load(d, low + v), hn::IfThenElse(used, scale, hn::Set(d, kNoLow)));
      const VI most =
          hn::Max(hn::Load(d, high + v), hn::IfThenElse(used, scale, hn::Set(d, kNoHigh)));
      hn::Store(least, d, next.low + v);
      hn::Store(most, d, next.high + v);
      fits &= hn::AllFalse(d, hn::Gt(hn::Sub(most, least), hn::Set(d, most_doublings)));
    }
    if (fits) {
      *this = next;
    }
    return fits;
  }
};

/// The scales that a run's rows come to.
struct RunScales {
  uint8_t bytes[kMxfp4BlockRows];
  int16_t low = kMxNanScale, high = 0;  // without NaN
  bool nan = false;

  explicit RunScales(const Run& run) {
    for (const int32_t scale : run.low) {
      if (scale == kMxNanScale) {
        nan = true;
      } else if (scale != kNoLow) {
        low = std::min(low, static_cast<int16_t>(scale));
        high = std::max(high, static_cast<int16_t>(scale));
      }
    }
    if (low > high) {
      low = high = 127;
    }
    for (int64_t r = 0; r < kMxfp4BlockRows; ++r) {
      // Any scale does for zeros; one of the others' keeps the range small.
      bytes[r] = static_cast<uint8_t>(run.low[r] == kNoLow ? high : run.low[r]);
    }
  }
};

/// How often the codes of each row double; returns the largest.
HWY_INLINE int32_t FindDoublings(const uint8_t* scales, const int32_t* in_use, const Run& run,
                                 int32_t* doublings) {
  const DI d;
  int32_t most = 0;
  for (int64_t v = 0; v < kMxfp4BlockRows; v += static_cast<int64_t>(hn::Lanes(d))) {
    const VI by =
        hn::And(hn::Load(d, in_use + v), hn::Sub(LoadScales(scales + v), hn::Load(d, run.low + v)));
    hn::Store(by, d, doublings + v);
    most = std::max(most, hn::GetLane(hn::MaxOfLanes(d, by)));
  }
  return most;
}

/// What PackChunk knows of a block's groups.
struct Chunk {
  const Mxfp4Block* blocks;
  int64_t stride, groups;
  OperandSide side;
  Mxfp4ChunkOut out;
  alignas(64) int32_t in_use[kMxfp4ChunkGroups][kMxfp4BlockRows];

  const Mxfp4Block& block(int64_t group) const { return blocks[group * stride]; }
};

/// Groups [first, last), all under the scales of `run`.
void PackRun(const Chunk& chunk, int64_t first, int64_t last, const Run& run) {
  const Mxfp4ChunkOut& out = chunk.out;
  const RunScales scales(run);
  int32_t run_norm = 0;
  for (int64_t g = last - 1; g >= first; --g) {
    alignas(64) int32_t doublings[kMxfp4BlockRows];
    const Mxfp4Block& block = chunk.block(g);
    const int32_t most = FindDoublings(block.scales, chunk.in_use[g], run, doublings);
    const int32_t norm = PackGroup(
        {block.codes[0][0], doublings, most, chunk.side == OperandSide::kRows ? kMxfp4Offset : 0,
         out.codes + g * 256, out.sums == nullptr ? nullptr : out.sums + g * 16});
    run_norm += norm;
    std::memcpy(out.scales + g * kMxfp4BlockRows, scales.bytes, sizeof scales.bytes);
    out.info[g] = {norm, run_norm, scales.low, static_cast<int16_t>(scales.nan ? 512 : scales.high),
                   static_cast<int16_t>(last - g)};
  }
}

void PackChunk(const Mxfp4Block* blocks, int64_t stride, int64_t groups, OperandSide side,
               const Mxfp4ChunkOut& out) {
  const int32_t most_doublings = side == OperandSide::kRows ? 3 : 2;
  Chunk chunk;
  chunk.blocks = blocks;
  chunk.stride = stride;
  chunk.groups = groups;
  chunk.side = side;
  chunk.out = out;
  for (int64_t g = 0; g < groups; ++g) {
    FindRowsInUse(chunk.block(g), chunk.in_use[g]);
  }
  for (int64_t first = 0; first < groups;) {
    Run run;
    int64_t last = first;
    while (last < groups && run.Add(chunk.block(last).scales, chunk.in_use[last], most_doublings)) {
      ++last;
    }
    PackRun(chunk, first, last, run);
    first = last;
  }
  for (int64_t i = 16; out.sums != nullptr && i < groups * 16; ++i) {
    out.sums[i] = static_cast<int16_t>(out.sums[i] + out.sums[i - 16]);
  }
}

}  // namespace
}  // namespace tersor::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tersor::kernel {
namespace {

HWY_EXPORT(PackChunk);

}  // namespace

void PackMxfp4Chunk(const Mxfp4Block* blocks, int64_t stride, int64_t groups, OperandSide side,
                    const Mxfp4ChunkOut& out) {
  HWY_DYNAMIC_DISPATCH(PackChunk)(blocks, stride, groups, side, out);
}

}  // namespace tersor::kernel
#endif  // HWY_ONCE
