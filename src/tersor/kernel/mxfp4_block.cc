#include "tersor/kernel/mxfp4_block.h"

#include <cassert>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tersor/kernel/mxfp4_block.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "tersor/kernel/mxfp4_bytes-inl.h"
#include "tersor/kernel/mxfp4_encode-inl.h"

#ifndef TERSOR_KERNEL_MXFP4_BLOCK_ONCE_
#define TERSOR_KERNEL_MXFP4_BLOCK_ONCE_
namespace tersor::kernel {

struct Mxfp4BlockTask {
  const Mxfp4Source* source;
  uint64_t mixed_key;
  int64_t row, count, group;
  Mxfp4Block* blocks;
  Mxfp4Out out;
};

/// What the blocks read: floats with no edge, and where their first one is in the source.
struct Mxfp4Tile {
  const float* x;
  const float* ema;
  int64_t stride, ema_stride;
  uint32_t index, pitch;
};

constexpr int64_t kMxfp4BatchRows = kMxfp4BlockBatch * kMxfp4BlockRows;

}  // namespace tersor::kernel
#endif  // TERSOR_KERNEL_MXFP4_BLOCK_ONCE_

HWY_BEFORE_NAMESPACE();
namespace tersor::kernel::HWY_NAMESPACE {
namespace {

/// Stores the groups of a block's rows where a whole matrix has them.
void KeepRows(const uint8_t (*codes)[kMxGroup], const uint8_t* scales, int64_t row, int64_t rows,
              int64_t groups, int64_t group, const Mxfp4Out& out) {
  for (int64_t r = 0; r < std::min(kMxfp4BlockRows, rows - row); ++r) {
    const int64_t at = (row + r) * groups + group;
    PackNibbles(codes[r], out.codes + at * kMxfp4GroupBytes);
    out.scales[at] = scales[r];
  }
}

/// Largest magnitude of a group, as bits: these are ordered like the magnitudes, with what is not
/// finite on top.
HWY_INLINE uint32_t LargestInRow(const float* HWY_RESTRICT x) {
  const DU du;
  const auto lanes = static_cast<int64_t>(hn::Lanes(du));
  VU most = Magnitude(x);
  for (int64_t c = lanes; c < kMxGroup; c += lanes) {
    most = hn::Max(most, Magnitude(x + c));
  }
  return hn::GetLane(hn::MaxOfLanes(du, most));
}

/// A block of rows of the tile. The scales of all come first: their latencies overlap.
template <Mxfp4Mode kMode>
bool EncodeRows(const Mxfp4Tile& tile, MxScaleRule rule, uint64_t key, uint8_t (*codes)[kMxGroup],
                uint8_t* scales) {
  const DF d;
  const DU du;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  alignas(64) uint32_t largest[kMxfp4BlockRows];
  alignas(64) float inverse[kMxfp4BlockRows];
  for (int64_t r = 0; r < kMxfp4BlockRows; ++r) {
    largest[r] = LargestInRow(tile.x + r * tile.stride);
    if (kMode == Mxfp4Mode::kEma && LargestInRow(tile.ema + r * tile.ema_stride) >= 0x7F800000u) {
      largest[r] = 0x7F800000u;
    }
  }
  const bool finite = FindScales(largest, rule, scales, inverse);
  for (int64_t r = 0; r < kMxfp4BlockRows; ++r) {
    const float* HWY_RESTRICT x = tile.x + r * tile.stride;
    const float* HWY_RESTRICT ema = kMode == Mxfp4Mode::kEma ? tile.ema + r * tile.ema_stride : x;
    const VF factor = hn::Set(d, inverse[r]);
    VU index = hn::Add(hn::Iota(du, 0), Const(tile.index + static_cast<uint32_t>(r) * tile.pitch));
    const auto encode = [&](int64_t c) {
      const VU code = Encode<kMode>(hn::Mul(hn::LoadU(d, x + c), factor),
                                    hn::Mul(hn::LoadU(d, ema + c), factor), index, key);
      index = hn::Add(index, Const(static_cast<uint32_t>(lanes)));
      return code;
    };
    StoreBytes(encode, codes[r]);
    if (!finite && scales[r] == kMxNanScale) {
      std::memset(codes[r], 0, kMxGroup);
    }
  }
  return finite;
}

/// Bits of the largest magnitudes of a block's columns.
HWY_INLINE void LargestInColumns(const Mxfp4Tile& tile, uint32_t* largest) {
  const DU du;
  const auto lanes = static_cast<int64_t>(hn::Lanes(du));
  for (int64_t v = 0; v < kMxfp4BlockRows; v += lanes) {
    const float* HWY_RESTRICT x = tile.x + v;
    VU even = hn::Zero(du), odd = hn::Zero(du);
    for (int64_t r = 0; r < kMxGroup; r += 2, x += 2 * tile.stride) {
      even = hn::Max(even, Magnitude(x));
      odd = hn::Max(odd, Magnitude(x + tile.stride));
    }
    hn::Store(hn::Max(even, odd), du, largest + v);
  }
}

/// A block whose rows are columns of the tile.
template <Mxfp4Mode kMode>
bool EncodeColumns(const Mxfp4Tile& tile, MxScaleRule rule, uint64_t key, Mxfp4Block& block) {
  const DF d;
  const DU du;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  alignas(64) uint32_t largest[kMxfp4BlockRows];
  alignas(64) float inverse[kMxfp4BlockRows];
  LargestInColumns(tile, largest);
  const bool finite = FindScales(largest, rule, block.scales, inverse);
  for (int64_t v = 0; v < kMxfp4BlockRows; v += lanes) {
    const float* HWY_RESTRICT x = tile.x + v;
    const VF factor = hn::Load(d, inverse + v);
    VU index = hn::Add(hn::Iota(du, 0), Const(tile.index + static_cast<uint32_t>(v)));
    const auto encode = [&] {
      const VF scaled = hn::Mul(hn::LoadU(d, x), factor);
      const VU code = Encode<kMode>(scaled, scaled, index, key);
      x += tile.stride;
      index = hn::Add(index, Const(tile.pitch));
      return code;
    };
    for (int64_t q = 0; q < kMxGroup / 4; ++q) {
      VU word = encode();
      word = hn::Or(word, hn::ShiftLeft<8>(encode()));
      word = hn::Or(word, hn::ShiftLeft<16>(encode()));
      word = hn::Or(word, hn::ShiftLeft<24>(encode()));
      hn::Store(word, du, reinterpret_cast<uint32_t*>(block.codes[q][v]));
    }
  }
  for (int64_t r = 0; !finite && r < kMxfp4BlockRows; ++r) {
    for (int64_t q = 0; block.scales[r] == kMxNanScale && q < kMxGroup / 4; ++q) {
      std::memset(block.codes[q][r], 0, 4);
    }
  }
  return finite;
}

/// Rows and columns of a matrix copied into a tile with zeros around them.
const float* Padded(const FloatRows& x, int64_t row, int64_t col, int64_t rows, int64_t cols,
                    float* pad) {
  const int64_t whole_rows = std::clamp<int64_t>(x.rows - row, 0, rows);
  const int64_t whole_cols = std::clamp<int64_t>(x.cols - col, 0, cols);
  std::fill_n(pad, rows * cols, 0.0f);
  for (int64_t r = 0; r < whole_rows; ++r) {
    std::copy_n(x.data + (row + r) * x.stride + col, whole_cols, pad + r * cols);
  }
  return pad;
}

uint32_t IndexOf(int64_t row, int64_t col, int64_t cols) {
  return static_cast<uint32_t>(row * cols + col);
}

template <Mxfp4Mode kMode>
bool EncodeByRows(const Mxfp4BlockTask& task) {
  const Mxfp4Source& source = *task.source;
  const FloatRows& x = source.x;
  alignas(64) uint8_t codes[kMxfp4BlockRows][kMxGroup];
  alignas(64) float pad[2][kMxfp4BlockRows * kMxGroup];
  bool finite = true;
  for (int64_t b = 0; b < task.count; ++b) {
    const int64_t row = task.row + b * kMxfp4BlockRows, col = task.group * kMxGroup;
    Mxfp4Tile tile{};
    tile.index = IndexOf(row, col, x.cols);
    tile.pitch = static_cast<uint32_t>(x.cols);
    if (row + kMxfp4BlockRows <= x.rows && col + kMxGroup <= x.cols) {
      tile.x = x.data + row * x.stride + col;
      tile.stride = x.stride;
      if (kMode == Mxfp4Mode::kEma) {
        tile.ema = source.ema.data + row * source.ema.stride + col;
        tile.ema_stride = source.ema.stride;
      }
    } else {
      tile.x = Padded(x, row, col, kMxfp4BlockRows, kMxGroup, pad[0]);
      tile.stride = tile.ema_stride = kMxGroup;
      if (kMode == Mxfp4Mode::kEma) {
        tile.ema = Padded(source.ema, row, col, kMxfp4BlockRows, kMxGroup, pad[1]);
      }
    }
    uint8_t scales[kMxfp4BlockRows];
    finite &= EncodeRows<kMode>(tile, source.rounding.scale, task.mixed_key, codes, scales);
    if (task.out.codes != nullptr) {
      KeepRows(codes, scales, row, x.rows, MxGroups(x.cols), task.group, task.out);
    }
    if (task.blocks != nullptr) {
      TransposeWords(codes[0], task.blocks[b].codes[0][0]);
      std::memcpy(task.blocks[b].scales, scales, sizeof scales);
    }
  }
  return finite;
}

/// Copied even where the source could be read in place: 32 rows some pages apart would share few
/// sets of the first cache.
const float* CopiedTile(const FloatRows& x, int64_t row, int64_t col, float* pad) {
  const DF d;
  for (int64_t r = 0; r < kMxGroup; ++r) {
    const float* HWY_RESTRICT from = x.data + (row + r) * x.stride + col;
    float* HWY_RESTRICT to = pad + r * kMxfp4BatchRows;
    for (int64_t c = 0; c < kMxfp4BatchRows; c += static_cast<int64_t>(hn::Lanes(d))) {
      hn::Store(hn::LoadU(d, from + c), d, to + c);
    }
  }
  return pad;
}

/// The values of 32 rows of codes, from column `col` on, zeros beyond the edges.
const float* DecodedTile(const Mxfp4Codes& q, int64_t row, int64_t col, int64_t cols, float* pad) {
  for (int64_t r = 0; r < kMxGroup; ++r) {
    for (int64_t c = 0; c < cols; c += kMxGroup) {
      float* values = pad + r * kMxfp4BatchRows + c;
      if (row + r < q.rows && col + c < q.cols) {
        const int64_t group = (row + r) * q.groups() + (col + c) / kMxGroup;
        DecodeGroup(q.codes + group * kMxfp4GroupBytes, q.scales[group], values);
      } else {
        std::fill_n(values, kMxGroup, 0.0f);
      }
    }
  }
  return pad;
}

template <Mxfp4Mode kMode>
bool EncodeByColumns(const Mxfp4BlockTask& task) {
  const Mxfp4Source& source = *task.source;
  const FloatRows& x = source.x;
  const int64_t row = task.group * kMxGroup, col = task.row;  // in the source
  const int64_t cols = task.count * kMxfp4BlockRows;
  alignas(64) float pad[kMxGroup * kMxfp4BatchRows];
  Mxfp4Tile tile{nullptr,
                 nullptr,
                 kMxfp4BatchRows,
                 0,
                 IndexOf(row, col, source.rows()),
                 static_cast<uint32_t>(source.rows())};
  if (source.has_codes()) {
    tile.x = DecodedTile(source.codes, row, col, cols, pad);
  } else if (row + kMxGroup > x.rows || col + kMxfp4BatchRows > x.cols) {
    tile.x = Padded(x, row, col, kMxGroup, kMxfp4BatchRows, pad);
  } else {
    tile.x = CopiedTile(x, row, col, pad);
  }
  bool finite = true;
  Mxfp4Block own;
  for (int64_t b = 0; b < task.count; ++b) {
    Mxfp4Block& block = task.blocks == nullptr ? own : task.blocks[b];
    finite &= EncodeColumns<kMode>(tile, source.rounding.scale, task.mixed_key, block);
    tile.x += kMxfp4BlockRows;
    tile.index += static_cast<uint32_t>(kMxfp4BlockRows);
    if (task.out.codes != nullptr) {
      alignas(64) uint8_t codes[kMxfp4BlockRows][kMxGroup];
      TransposeWords(block.codes[0][0], codes[0]);
      KeepRows(codes, block.scales, col + b * kMxfp4BlockRows, source.rows(),
               MxGroups(source.cols()), task.group, task.out);
    }
  }
  return finite;
}

/// Codes as they are.
bool CopyBlocks(const Mxfp4BlockTask& task) {
  const Mxfp4Codes& q = task.source->codes;
  alignas(64) uint8_t codes[kMxfp4BlockRows][kMxGroup];
  bool finite = true;
  for (int64_t b = 0; b < task.count; ++b) {
    Mxfp4Block& block = task.blocks[b];
    for (int64_t r = 0; r < kMxfp4BlockRows; ++r) {
      const int64_t row = task.row + b * kMxfp4BlockRows + r;
      if (row >= q.rows) {
        std::memset(codes[r], 0, kMxGroup);
        block.scales[r] = 0;
        continue;
      }
      const int64_t group = row * q.groups() + task.group;
      UnpackNibbles(q.codes + group * kMxfp4GroupBytes, codes[r]);
      block.scales[r] = q.scales[group];
      finite &= block.scales[r] != kMxNanScale;
    }
    TransposeWords(codes[0], block.codes[0][0]);
  }
  return finite;
}

template <Mxfp4Mode kMode>
bool EncodeAs(const Mxfp4BlockTask& task) {
  return task.source->transposed ? EncodeByColumns<kMode>(task) : EncodeByRows<kMode>(task);
}

bool EncodeBlocks(const Mxfp4BlockTask& task) {
  const Mxfp4Source& source = *task.source;
  if (source.has_codes() && !source.transposed) {
    return CopyBlocks(task);
  }
  if (source.ema.data != nullptr) {
    return EncodeByRows<Mxfp4Mode::kEma>(task);
  }
  if (source.rounding.stochastic) {
    return EncodeAs<Mxfp4Mode::kStochastic>(task);
  }
  switch (source.rounding.ties) {
    case MxTies::kAway:
      return EncodeAs<Mxfp4Mode::kAway>(task);
    case MxTies::kLarger:
      return EncodeAs<Mxfp4Mode::kLarger>(task);
    case MxTies::kTowardZero:
      return EncodeAs<Mxfp4Mode::kTowardZero>(task);
    case MxTies::kEven:
      break;
  }
  return EncodeAs<Mxfp4Mode::kEven>(task);
}

void DecodeGroups(const Mxfp4Codes& q, int64_t row, float* values) {
  alignas(64) float group_values[kMxGroup];
  for (int64_t g = 0; g < q.groups(); ++g) {
    const int64_t group = row * q.groups() + g;
    const int64_t count = std::min(kMxGroup, q.cols - g * kMxGroup);
    float* to = count == kMxGroup ? values + g * kMxGroup : group_values;
    DecodeGroup(q.codes + group * kMxfp4GroupBytes, q.scales[group], to);
    if (to == group_values) {
      std::copy_n(group_values, count, values + g * kMxGroup);
    }
  }
}

}  // namespace
}  // namespace tersor::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tersor::kernel {
namespace {

HWY_EXPORT(EncodeBlocks);
HWY_EXPORT(DecodeGroups);

}  // namespace

bool EncodeMxfp4Blocks(const Mxfp4Source& source, uint64_t mixed_key, int64_t row, int64_t count,
                       int64_t group, Mxfp4Block* blocks, const Mxfp4Out& out) {
  assert(count <= kMxfp4BlockBatch);
  assert(source.ema.data == nullptr || !source.transposed);
  return HWY_DYNAMIC_DISPATCH(EncodeBlocks)({&source, mixed_key, row, count, group, blocks, out});
}

void DecodeMxfp4Row(const Mxfp4Codes& q, int64_t row, float* values) {
  HWY_DYNAMIC_DISPATCH(DecodeGroups)(q, row, values);
}

}  // namespace tersor::kernel
#endif  // HWY_ONCE
