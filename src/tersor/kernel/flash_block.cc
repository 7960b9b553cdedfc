#include "tersor/kernel/flash_block.h"

#include <algorithm>
#include <cmath>

#include "tersor/kernel/int8_score.h"
#include "tersor/kernel/int8_value.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tersor/kernel/flash_block.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "tersor/kernel/exp-inl.h"
#include "tersor/kernel/flash_scores-inl.h"

// How the loops use the caches. A query block of 128 rows walks over blocks of 64 keys, whose keys
// and values (16 KB each at dimension 64) come into the second cache once for all its rows. The
// rows go in groups of 32: their queries, a pair of key panels and the scores (8 KB) lie in the
// first cache, where the scores turn into weights before they multiply the values.
#ifndef TERSOR_KERNEL_FLASH_BLOCK_ONCE_
#define TERSOR_KERNEL_FLASH_BLOCK_ONCE_
namespace tersor::kernel {

/// The scratch memory of a block.
struct FlashState {
  FlashState(float* scratch, int64_t dim) {
    const int64_t padded = PaddedDim(dim);
    query = scratch;
    out = query + kQueryBlock * kRowStride;
    keys = out + kQueryBlock * padded;
    values = keys + kKeyBlock * padded;
    sums = values + kKeyBlock * padded;
    scores = sums + kQueryBlock * kKeyPanel;
    maxima = scores + kRowGroup * kKeyBlock;
    weight_codes = reinterpret_cast<uint8_t*>(maxima + kQueryBlock);
    weight_scales = reinterpret_cast<float*>(weight_codes + kRowGroup * kKeyBlock);
    int8_scales = weight_scales + kRowGroup;
    int8_sums = reinterpret_cast<int32_t*>(int8_scales + kQueryBlock / kRowGroup);
    int8_query = reinterpret_cast<int8_t*>(int8_sums + kQueryBlock);
  }
  static int64_t Floats(int64_t dim) {
    return (kQueryBlock + 2 * kKeyBlock) * PaddedDim(dim) +
           kQueryBlock * (kRowStride + kKeyPanel + 1) + kRowGroup * kKeyBlock +
           kRowGroup * kKeyBlock / 4 + kRowGroup + kQueryBlock / kRowGroup + kQueryBlock +
           kQueryBlock * Int8Depth(dim) / 4;
  }

  float* query;          // [rows, dim] kRowStride apart, times scale and log2(e)
  float* out;            // [rows, padded] weighted sums of values
  float *keys, *values;  // of one block, where they are stored in bf16
  float* sums;           // [rows, lanes] of weights
  float* scores;         // [kRowGroup, kKeyBlock]
  float* maxima;         // [rows] so far, of scores in units of log 2
  // Where values are in INT8: of a row group's weights, codes [kRowGroup, kKeyBlock] and scales.
  uint8_t* weight_codes;
  float* weight_scales;
  // Where scores are in INT8: of each row group, of each row, and the codes [rows, Int8Depth].
  float* int8_scales;
  int32_t* int8_sums;
  int8_t* int8_query;
};

}  // namespace tersor::kernel
#endif  // TERSOR_KERNEL_FLASH_BLOCK_ONCE_

HWY_BEFORE_NAMESPACE();
namespace tersor::kernel::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Below every score that counts, and finite so that differences are never NaN.
constexpr float kLowest = -std::numeric_limits<float>::max();

HWY_INLINE float RowMaximum(const KeyRange& columns, const float* HWY_RESTRICT row) {
  const TileTag d;
  auto largest = hn::Set(d, -std::numeric_limits<float>::infinity());
  HWY_UNROLL(8)
  for (int64_t c = columns.begin; c < columns.end; c += kTileLanes) {
    largest = hn::Max(largest, hn::LoadU(d, row + c));
  }
  return hn::GetLane(hn::MaxOfLanes(d, largest));
}

/// Brings a row's state to a higher maximum.
HWY_INLINE void RaiseMaximum(float highest, int64_t padded, float* maximum,
                             float* HWY_RESTRICT sums, float* HWY_RESTRICT out) {
  const TileTag d;
  const auto shrink = Exp2NonPositive(d, hn::Set(d, *maximum - highest));
  hn::StoreU(hn::Mul(hn::LoadU(d, sums), shrink), d, sums);
  for (int64_t i = 0; i < padded; i += kTileLanes) {
    hn::StoreU(hn::Mul(hn::LoadU(d, out + i), shrink), d, out + i);
  }
  *maximum = highest;
}

/// Turns scores of a row into weights 2^(score - maximum) and adds them up; zero for the rest of
/// the group's columns.
HWY_INLINE void Weigh(const KeyRange& columns, const KeyRange& all, float maximum,
                      float* HWY_RESTRICT row, float* HWY_RESTRICT sums) {
  const TileTag d;
  const auto shift = hn::Set(d, maximum);
  auto sum = hn::LoadU(d, sums);
  HWY_UNROLL(8)
  for (int64_t c = columns.begin; c < columns.end; c += kTileLanes) {
    const auto weight = Exp2NonPositive(d, hn::Sub(hn::LoadU(d, row + c), shift));
    hn::StoreU(weight, d, row + c);
    sum = hn::Add(sum, weight);
  }
  hn::StoreU(sum, d, sums);
  std::fill(row + all.begin, row + std::max(all.begin, columns.begin), 0.0f);
  std::fill(row + std::max(all.begin, columns.end), row + all.end, 0.0f);
}

/// Scales of the codes of a group's weights: the largest weight of each row in this block, 2^(local
/// - maximum), over the largest code.
HWY_INLINE void ScaleWeights(const float* local, const float* maxima, float* HWY_RESTRICT scales) {
  const TileTag d;
  const auto unit = hn::Set(d, 1 / kLargestWeightCode);
  for (int64_t r = 0; r < kRowGroup; r += kTileLanes) {
    const auto below = hn::Sub(hn::LoadU(d, local + r), hn::LoadU(d, maxima + r));
    hn::StoreU(hn::Mul(Exp2NonPositive(d, below), unit), d, scales + r);
  }
}

/// Turns scores of a row into codes of weights, 255 · 2^(score - local) rounded, and adds up what
/// they stand for; zero for the rest of the group's columns, which begin and end at quads. `local`
/// is the row's largest score in this block and not the running one: of a block far below that, and
/// there are many in a long text, all weights would round to nothing. The softmax's denominator is
/// the sum of the codes, so that the weights of the values still add up to 1.
HWY_INLINE void WeighCodes(const KeyRange& columns, const KeyRange& all, float local, float scale,
                           const float* HWY_RESTRICT row, uint8_t* HWY_RESTRICT codes,
                           float* HWY_RESTRICT sums) {
  const TileTag d;
  const hn::RebindToUnsigned<TileTag> du;
  const hn::Rebind<uint8_t, TileTag> d8;
  const auto shift = hn::Set(d, local), largest = hn::Set(d, kLargestWeightCode);
  // Adding 1.5 · 2^23 rounds to a whole number, which is then in the low bits. As a float the code
  // carries a NaN on into the sum.
  const auto magic = hn::Set(d, 12582912.0f);
  auto sum = hn::Zero(d);
  HWY_UNROLL(8)
  for (int64_t c = columns.begin; c < columns.end; c += kTileLanes) {
    const auto weight = Exp2NonPositive(d, hn::Sub(hn::LoadU(d, row + c), shift));
    const auto shifted = hn::MulAdd(weight, largest, magic);
    sum = hn::Add(sum, hn::Sub(shifted, magic));
    const auto code = hn::And(hn::BitCast(du, shifted), hn::Set(du, 255));
    hn::StoreU(hn::U8FromU32(code), d8, codes + c);
  }
  hn::StoreU(hn::MulAdd(sum, hn::Set(d, scale), hn::LoadU(d, sums)), d, sums);
  const int64_t begin = std::max(all.begin, columns.begin);
  std::fill(codes + all.begin / 4 * 4, codes + begin, uint8_t{0});
  std::fill(codes + std::max(begin, columns.end), codes + (all.end + 3) / 4 * 4, uint8_t{0});
}

/// True where the second filter of SpargeAttn drops the group: all its rows' scores lie so far
/// below the running maxima that their weights do not matter. A NaN never does.
HWY_INLINE bool Negligible(int64_t rows, const float* local, const float* maxima, float lambda) {
  if (lambda == -std::numeric_limits<float>::infinity()) {
    return false;
  }
  const float limit = lambda * kLog2E;
  bool negligible = true;
  for (int64_t r = 0; r < rows; ++r) {
    negligible = negligible && local[r] - std::max(maxima[r], local[r]) <= limit;
  }
  return negligible;
}

/// Turns a row group's scores into weights, vectors(r) of row r, and brings the group's state
/// along. Returns true where the second filter drops them instead.
template <class Vectors>
HWY_INLINE bool WeighGroup(const FlashBlock& block, const RowGroup& group, int64_t row,
                           const FlashState& state, const Vectors& vectors) {
  const int64_t padded = PaddedDim(block.dim);
  const KeyRange all = group.WholeVectors();
  float local[kRowGroup];
  for (int64_t r = 0; r < group.rows; ++r) {
    local[r] = RowMaximum(vectors(r), state.scores + r * kKeyBlock);
  }
  float* maxima = state.maxima + row;
  const bool dropped = Negligible(group.rows, local, maxima, block.lambda);
  if (dropped && !block.sum_dropped) {
    return true;
  }
  float* sums = state.sums + row * kTileLanes;
  for (int64_t r = 0; r < group.rows; ++r) {
    if (local[r] > maxima[r]) {
      RaiseMaximum(local[r], padded, maxima + r, sums + r * kTileLanes,
                   state.out + (row + r) * padded);
    }
  }
  if (block.int8_values.kernel != nullptr) {
    std::fill(local + group.rows, local + kRowGroup, kLowest);
    ScaleWeights(local, maxima, state.weight_scales);
    for (int64_t r = 0; r < group.rows; ++r) {
      // A row that sees nothing here has -inf, and no difference may be NaN.
      WeighCodes(vectors(r), all, std::max(local[r], kLowest), state.weight_scales[r],
                 state.scores + r * kKeyBlock, state.weight_codes + r * kKeyBlock,
                 sums + r * kTileLanes);
    }
    return dropped;
  }
  for (int64_t r = 0; r < group.rows; ++r) {
    Weigh(vectors(r), all, maxima[r], state.scores + r * kKeyBlock, sums + r * kTileLanes);
  }
  return dropped;
}

/// A row group's scores by products of INT8 codes.
HWY_INLINE void Int8Products(const FlashBlock& block, const RowGroup& group, int64_t row,
                             const FlashState& state) {
  const KeyRange all = group.WholeVectors();
  const int64_t depth = Int8Depth(block.dim), index = group.key / kKeyBlock;
  const float scale = state.int8_scales[row / kRowGroup] * block.int8.scales[index];
  block.int8.kernel->run({state.int8_query + row * depth, state.int8_sums + row,
                          block.int8.codes + index * kKeyBlock * depth, group.rows, depth,
                          all.begin / kKeyPanel * kKeyPanel,
                          (all.end + kKeyPanel - 1) / kKeyPanel * kKeyPanel,
                          scale * block.scale * kLog2E, state.scores});
}

/// Adds a row group's sums of values by products of INT8 codes.
HWY_INLINE void AddInt8Values(const FlashBlock& block, const RowGroup& group, int64_t row,
                              const FlashState& state) {
  const KeyRange all = group.WholeVectors();
  const int64_t padded = PaddedDim(block.dim), index = group.key / kKeyBlock;
  const Int8Values& values = block.int8_values;
  values.kernel->run({state.weight_codes, state.weight_scales,
                      values.codes + index * kKeyBlock * padded, values.scales + index * padded,
                      group.rows, padded, all.begin / 4 * 4, (all.end + 3) / 4 * 4,
                      state.out + row * padded});
}

/// One row group and one block of keys. Returns whether the second filter dropped it.
HWY_INLINE bool RunGroup(const FlashBlock& block, int64_t row, int64_t key, const float* keys,
                         const float* values, int64_t value_stride, const FlashState& state) {
  const RowGroup group{block.mask, block.position + row, std::min(kRowGroup, block.rows - row),
                       key};
  const KeyRange all = group.WholeVectors();
  if (all.begin >= all.end) {
    return false;
  }
  const int64_t padded = PaddedDim(block.dim);
  if (block.int8.kernel != nullptr) {
    Int8Products(block, group, row, state);
  } else {
    Products(group, block.dim, state.query + row * kRowStride, keys, state.scores);
  }
  if (block.bias.data != nullptr) {
    BlockBias bias = block.bias;
    bias.data += row * bias.query_stride;
    AddBias(group, bias, state.scores);
  }
  bool dropped;
  if (group.AllSeen() && all.begin == 0 && all.end == kKeyBlock) {
    // The usual case, with loops of constant length.
    dropped = WeighGroup(block, group, row, state, [](int64_t) { return KeyRange{0, kKeyBlock}; });
  } else {
    HideUnseen(group, state.scores);
    dropped = WeighGroup(block, group, row, state, [&](int64_t r) { return group.RowVectors(r); });
  }
  if (!dropped && block.int8_values.kernel != nullptr) {
    AddInt8Values(block, group, row, state);
  } else if (!dropped) {
    AddValues(group, padded, state.scores, values, value_stride, state.out + row * padded);
  }
  return dropped;
}

/// `count` stored elements as floats.
HWY_INLINE void Decode(const uint8_t* from, int64_t count, float* HWY_RESTRICT to) {
  const TileTag d;
  for (int64_t i = 0; i < count; i += kTileLanes) {
    hn::StoreU(LoadFloats<hwy::bfloat16_t>(d, from + 2 * i), d, to + i);
  }
}

void RunKeyBlock(const FlashBlock& block, int64_t index, const FlashState& state) {
  const int64_t padded = PaddedDim(block.dim), key = index * kKeyBlock;
  const int64_t value_stride = block.value_stride == 0 ? padded : block.value_stride;
  const float *keys, *values;
  if (block.type == FloatType::kF32) {
    keys = reinterpret_cast<const float*>(block.keys) + key * block.dim;
    values = reinterpret_cast<const float*>(block.values) + key * value_stride;
  } else {
    // The cache ends at a whole panel.
    const int64_t count =
        std::min(kKeyBlock, (block.mask.keys - key + kKeyPanel - 1) / kKeyPanel * kKeyPanel);
    const auto* stored_keys = reinterpret_cast<const uint8_t*>(block.keys);
    const auto* stored_values = reinterpret_cast<const uint8_t*>(block.values);
    Decode(stored_keys + 2 * key * block.dim, count * block.dim, state.keys);
    Decode(stored_values + 2 * key * padded, count * padded, state.values);
    keys = state.keys;
    values = state.values;
  }
  FlashCounts& counts = *block.counts;
  ++counts.blocks;
  for (int64_t row = 0; row < block.rows; row += kRowGroup) {
    ++counts.groups;
    counts.skipped_groups += RunGroup(block, row, key, keys, values, value_stride, state);
    counts.int8_groups += block.int8_values.kernel != nullptr;
  }
}

/// Queries in INT8, with a scale for each row group.
void QuantizeRows(const FlashBlock& block, const FlashState& state) {
  for (int64_t row = 0; row < block.rows; row += kRowGroup) {
    const int64_t from = row * block.query.stride * BytesOf(block.query.type);
    state.int8_scales[row / kRowGroup] =
        QuantizeQueries(block.query.type, block.query.data + from, block.query.stride,
                        std::min(kRowGroup, block.rows - row), block.dim,
                        state.int8_query + row * Int8Depth(block.dim), state.int8_sums + row);
  }
}

/// What taking the keys' mean off took from the scores of a query, in natural units.
HWY_INLINE float ScoreOfMean(const FlashBlock& block, int64_t row) {
  if (block.int8.kernel == nullptr) {
    return 0;
  }
  const int64_t element = BytesOf(block.query.type);
  const auto* query =
      reinterpret_cast<const uint8_t*>(block.query.data) + row * block.query.stride * element;
  float score = 0;
  for (int64_t i = 0; i < block.dim; ++i) {
    score += block.int8.mean[i] * (block.query.type == FloatType::kF32
                                       ? LoadFloat<float>(query + i * element)
                                       : LoadFloat<hwy::bfloat16_t>(query + i * element));
  }
  return block.scale * score;
}

void StartBlock(const FlashBlock& block, const FlashState& state) {
  const int64_t padded = PaddedDim(block.dim);
  if (block.int8.kernel != nullptr) {
    QuantizeRows(block, state);
  } else {
    ScaleRows(block.query, block.rows, block.dim, block.scale * kLog2E, state.query);
  }
  std::fill_n(state.out, block.rows * padded, 0.0f);
  std::fill_n(state.sums, block.rows * kTileLanes, 0.0f);
  std::fill_n(state.maxima, kQueryBlock, kLowest);
}

void FinishBlock(const FlashBlock& block, const FlashState& state) {
  const TileTag d;
  const int64_t padded = PaddedDim(block.dim);
  for (int64_t r = 0; r < block.rows; ++r) {
    const float total = hn::GetLane(hn::SumOfLanes(d, hn::LoadU(d, state.sums + r * kTileLanes)));
    const float factor = total == 0 ? 0 : 1 / total;  // a row that sees nothing gives zeros
    const float* HWY_RESTRICT from = state.out + r * padded;
    float* HWY_RESTRICT to = block.out + r * block.out_stride;
    for (int64_t i = 0; i < block.dim; ++i) {
      to[i] = from[i] * factor;
    }
    if (block.lse != nullptr) {
      block.lse[r] = total == 0 ? -std::numeric_limits<float>::infinity()
                                : state.maxima[r] * kLn2 + std::log(total) + ScoreOfMean(block, r);
    }
  }
}

void Run(const FlashBlock& block, float* scratch) {
  const FlashState state(scratch, block.dim);
  StartBlock(block, state);
  const BlockRange seen = SeenBlocks(block.mask, block.position, block.rows);
  ForSelectedBlocks(seen, block.selected, [&](int64_t index) { RunKeyBlock(block, index, state); });
  FinishBlock(block, state);
}

}  // namespace tersor::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tersor::kernel {
namespace {

HWY_EXPORT(Run);

}  // namespace

int64_t FlashScratch(int64_t dim) { return FlashState::Floats(dim); }

void RunFlashBlock(const FlashBlock& block, float* scratch) {
  HWY_DYNAMIC_DISPATCH(Run)(block, scratch);
}

}  // namespace tersor::kernel
#endif  // HWY_ONCE
