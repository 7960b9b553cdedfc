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
  const uint8_t* codes;  // [8][8 rows][4]
  int32_t doublings[8];  // of each row's codes
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

/// Bit r: row r has a code that is not zero.
uint32_t RowsInUse(const uint8_t* codes) {
  __m256i any = _mm256_setzero_si256();
  for (int q = 0; q < 8; ++q) {
    any = _mm256_or_si256(any, _mm256_load_si256(reinterpret_cast<const __m256i*>(codes) + q));
  }
  any = _mm256_and_si256(any, _mm256_set1_epi8(7));
  const __m256i zero = _mm256_cmpeq_epi32(any, _mm256_setzero_si256());
  return 0xFFu & ~static_cast<uint32_t>(_mm256_movemask_ps(_mm256_castsi256_ps(zero)));
}

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

uint32_t RowsInUse(const uint8_t* codes) {
  uint32_t rows = 0;
  for (int i = 0; i < 256; ++i) {
    rows |= (codes[i] & 7) != 0 ? 1u << (i / 4 % 8) : 0;
  }
  return rows;
}

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

/// Scales of the rows of a block in a run of groups.
struct Run {
  int16_t low[8], high[8];
  uint32_t used = 0;  // bit r: row r has codes other than zero, so its scales count

  /// Takes a group in, if every row's codes can be brought to its smallest scale.
  bool Add(const uint8_t* scales, uint32_t rows, int most_doublings) {
    Run next = *this;
    bool fits = true;
    for (int r = 0; r < 8; ++r) {
      if ((rows >> r & 1) != 0) {
        const bool known = (used >> r & 1) != 0;
        const int16_t scale = scales[r];
        next.low[r] = known ? std::min(low[r], scale) : scale;
        next.high[r] = known ? std::max(high[r], scale) : scale;
        fits &= next.high[r] - next.low[r] <= most_doublings;
      }
    }
    next.used |= rows;
    if (fits) {
      *this = next;
    }
    return fits;
  }
};

/// Groups first .. first + count of a chunk, all under the scales of `run`.
void PackRun(const Mxfp4Block* blocks, int64_t stride, int64_t first, int64_t count,
             const uint32_t* rows, const Run& run, OperandSide side, const Mxfp4ChunkOut& out) {
  int16_t low = kMxNanScale, high = 0;
  bool nan = false;
  for (int r = 0; r < 8; ++r) {
    if ((run.used >> r & 1) == 0) {
      continue;
    }
    if (run.low[r] == kMxNanScale) {
      nan = true;
    } else {
      low = std::min(low, run.low[r]);
      high = std::max(high, run.low[r]);
    }
  }
  if (low > high) {
    low = high = 127;
  }
  for (int64_t g = first + count - 1; g >= first; --g) {
    const Mxfp4Block& block = blocks[g * stride];
    Mxfp4GroupTask task{
        block.codes[0][0],   {},     0, side == OperandSide::kRows ? kMxfp4Offset : 0,
        out.codes + g * 256, nullptr};
    for (int r = 0; r < 8; ++r) {
      // Any scale does for zeros; one of the others' keeps the range small.
      const bool used = (run.used >> r & 1) != 0;
      out.scales[g * 8 + r] = static_cast<uint8_t>(used ? run.low[r] : high);
      if ((rows[g] >> r & 1) != 0) {
        task.doublings[r] = block.scales[r] - run.low[r];
        task.most_doublings = std::max(task.most_doublings, task.doublings[r]);
      }
    }
    task.sums = out.sums == nullptr ? nullptr : out.sums + g * 16;
    const int32_t norm = PackGroup(task);
    const int32_t rest = g + 1 < first + count ? out.info[g + 1].run_norm : 0;
    out.info[g] = {norm, norm + rest, low, static_cast<int16_t>(nan ? 512 : high),
                   static_cast<int16_t>(first + count - g)};
  }
}

void PackChunk(const Mxfp4Block* blocks, int64_t stride, int64_t groups, OperandSide side,
               const Mxfp4ChunkOut& out) {
  const int most_doublings = side == OperandSide::kRows ? 3 : 2;
  uint32_t rows[kMxfp4ChunkGroups];
  for (int64_t g = 0; g < groups; ++g) {
    const Mxfp4Block& block = blocks[g * stride];
    rows[g] = RowsInUse(block.codes[0][0]);
    for (int r = 0; r < 8; ++r) {
      rows[g] |= block.scales[r] == kMxNanScale ? 1u << r : 0;
    }
  }
  for (int64_t first = 0; first < groups;) {
    Run run;
    int64_t last = first;
    while (last < groups && run.Add(blocks[last * stride].scales, rows[last], most_doublings)) {
      ++last;
    }
    PackRun(blocks, stride, first, last - first, rows, run, side, out);
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
