#include "tersor/kernel/mxfp4_block.h"

#include <cassert>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tersor/kernel/mxfp4_block.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

// A scaled magnitude a = |x| / S below 8 becomes a code by integer arithmetic. Neighbours of the
// grid lie g = 2^(E - 1) apart, E = max(0, exponent of a), so t = a / g in units of 2^-24 has the
// lower neighbour in its upper bits and the distance from it in the lower 24. One addition there,
// of about a half or of a random number, rounds; 2 E more is the code. Steps before the addition
// are exact but for bits below 2^-24, so that all paths, and the plain definition, agree.

#ifndef TERSOR_KERNEL_MXFP4_BLOCK_ONCE_
#define TERSOR_KERNEL_MXFP4_BLOCK_ONCE_
namespace tersor::kernel {

enum class Mxfp4Mode { kEven, kAway, kLarger, kTowardZero, kStochastic, kEma };

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

constexpr int64_t kMxfp4TileCols = kMxfp4BlockBatch * kMxfp4BlockRows;

}  // namespace tersor::kernel
#endif  // TERSOR_KERNEL_MXFP4_BLOCK_ONCE_

HWY_BEFORE_NAMESPACE();
namespace tersor::kernel::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

// A vector covers the rows of a block or a part of them, on any instruction set.
using DF = hn::CappedTag<float, kMxfp4BlockRows>;
using DI = hn::RebindToSigned<DF>;
using DU = hn::RebindToUnsigned<DF>;
using D8 = hn::Rebind<uint8_t, DF>;
using VF = hn::Vec<DF>;
using VU = hn::Vec<DU>;

HWY_INLINE VU Const(uint32_t value) { return hn::Set(DU(), value); }

HWY_INLINE VU Magnitude(const float* x) {
  return hn::And(hn::BitCast(DU(), hn::LoadU(DF(), x)), Const(0x7FFFFFFFu));
}

/// As MxRandom.
HWY_INLINE VU Random(VU index, uint64_t key) {
  VU h = hn::Add(hn::Mul(index, Const(0x9E3779B9u)), Const(static_cast<uint32_t>(key)));
  h = hn::Xor(h, hn::ShiftRight<16>(h));
  h = hn::Mul(h, Const(0x7FEB352Du));
  h = hn::Xor(hn::Xor(h, hn::ShiftRight<15>(h)), Const(static_cast<uint32_t>(key >> 32)));
  h = hn::Mul(h, Const(0x846CA68Bu));
  h = hn::Xor(h, hn::ShiftRight<16>(h));
  return hn::ShiftRight<8>(h);
}

/// Toward zero, of values that fit.
HWY_INLINE VU Truncate(VF x) {
#if HWY_TARGET <= HWY_AVX2 && HWY_ARCH_X86
  return VU{_mm256_cvttps_epi32(x.raw)};
#else
  return hn::BitCast(DU(), hn::ConvertTo(DI(), x));
#endif
}

/// Codes, sign included, of scaled values below 8 in magnitude.
template <Mxfp4Mode kMode>
HWY_INLINE VU Encode(VF scaled, VF scaled_ema, VU index, uint64_t key) {
  const DF d;
  const DU du;
  const VU bits = hn::BitCast(du, scaled);
  const VU magnitude = hn::And(bits, Const(0x7FFFFFFFu));
  const VU exponent = hn::Max(hn::And(magnitude, Const(0x7F800000u)), Const(127u << 23));
  const VF per_gap = hn::BitCast(d, hn::Sub(Const(279u << 23), exponent));  // 2^24 / g
  const VU t = Truncate(hn::Mul(hn::BitCast(d, magnitude), per_gap));
  const VU sign = hn::ShiftRight<31>(bits);
  // 2 E in the bits above 24: the bias of the exponent, 127, wraps to -1.
  VU code = hn::Add(t, hn::Add(hn::ShiftLeft<2>(exponent), Const(1u << 25)));
  if constexpr (kMode == Mxfp4Mode::kEven) {
    const VU odd = hn::And(hn::ShiftRight<24>(t), Const(1));
    code = hn::Add(code, hn::Add(odd, Const((1u << 23) - 1)));
  } else if constexpr (kMode == Mxfp4Mode::kAway) {
    code = hn::Add(code, Const(1u << 23));
  } else if constexpr (kMode == Mxfp4Mode::kLarger) {
    code = hn::Add(code, hn::Sub(Const(1u << 23), sign));
  } else if constexpr (kMode == Mxfp4Mode::kTowardZero) {
    code = hn::Add(code, Const((1u << 23) - 1));
  } else if constexpr (kMode == Mxfp4Mode::kStochastic) {
    code = hn::Add(code, Random(index, key));
  } else {
    // (lower + upper) / 2 = (whole gaps + 1/2) · g; both factors are exact.
    const VF gap = hn::BitCast(d, hn::Sub(exponent, Const(1u << 23)));
    const VF gaps = hn::ConvertTo(d, hn::BitCast(DI(), hn::ShiftRight<24>(t)));
    const VF middle = hn::Mul(hn::Add(gaps, hn::Set(d, 0.5f)), gap);
    const VF e = hn::BitCast(d, hn::Xor(hn::BitCast(du, scaled_ema), hn::ShiftLeft<31>(sign)));
    code = hn::Add(
        code, hn::And(hn::BitCast(du, hn::VecFromMask(d, hn::Ge(e, middle))), Const(1u << 24)));
  }
  code = hn::Min(hn::ShiftRight<24>(code), Const(7));
  return hn::Or(code, hn::ShiftLeft<3>(sign));
}

/// MxScaleByte for E2M1, of the bits of magnitudes.
HWY_INLINE VU ScaleBytes(VU bits, MxScaleRule rule) {
  const DU du;
  const VU mantissa = hn::And(bits, Const(0x7FFFFFu));
  const auto add_if_above = [&](VU field, uint32_t limit) {
    return hn::Sub(field, hn::VecFromMask(du, hn::Gt(mantissa, Const(limit))));
  };
  VU field = hn::ShiftRight<23>(bits);
  switch (rule) {
    case MxScaleRule::kTruncationFree:
      field = add_if_above(field, 0x400000u);
      break;
    case MxScaleRule::kEven:
      field = hn::ShiftRight<23>(hn::Add(bits, Const(1u << 21)));
      break;
    case MxScaleRule::kCeil:
      field = add_if_above(field, 0);
      break;
    case MxScaleRule::kFloor:
      break;
  }
  field = hn::Sub(hn::Max(field, Const(2)), Const(2));
  const uint32_t zero = rule == MxScaleRule::kTruncationFree ? 127 - 29 : 0;
  field = hn::IfThenElse(hn::Eq(bits, Const(0)), Const(zero), field);
  return hn::IfThenElse(hn::Gt(bits, Const(0x7F7FFFFFu)), Const(kMxNanScale), field);
}

#if HWY_TARGET <= HWY_AVX2 && HWY_ARCH_X86
/// to[c][r] = from[r][c] of 8 x 8 words.
HWY_INLINE void TransposeWords(const uint8_t* from, uint8_t* to) {
  const auto load = [&](int r) {
    const __m128i low = _mm_load_si128(reinterpret_cast<const __m128i*>(from + r * 32));
    return _mm256_inserti128_si256(
        _mm256_castsi128_si256(low),
        _mm_load_si128(reinterpret_cast<const __m128i*>(from + (r + 4) * 32)), 1);
  };
  const auto load_high = [&](int r) {
    const __m128i low = _mm_load_si128(reinterpret_cast<const __m128i*>(from + r * 32 + 16));
    return _mm256_inserti128_si256(
        _mm256_castsi128_si256(low),
        _mm_load_si128(reinterpret_cast<const __m128i*>(from + (r + 4) * 32 + 16)), 1);
  };
  const auto store = [&](int c, __m256i v) {
    _mm256_store_si256(reinterpret_cast<__m256i*>(to + c * 32), v);
  };
  const auto turn = [&](__m256i r0, __m256i r1, __m256i r2, __m256i r3, int c) {
    const __m256i t0 = _mm256_unpacklo_epi32(r0, r1), t1 = _mm256_unpackhi_epi32(r0, r1);
    const __m256i t2 = _mm256_unpacklo_epi32(r2, r3), t3 = _mm256_unpackhi_epi32(r2, r3);
    store(c, _mm256_unpacklo_epi64(t0, t2));
    store(c + 1, _mm256_unpackhi_epi64(t0, t2));
    store(c + 2, _mm256_unpacklo_epi64(t1, t3));
    store(c + 3, _mm256_unpackhi_epi64(t1, t3));
  };
  turn(load(0), load(1), load(2), load(3), 0);
  turn(load_high(0), load_high(1), load_high(2), load_high(3), 4);
}
#else
inline void TransposeWords(const uint8_t* from, uint8_t* to) {
  for (int r = 0; r < 8; ++r) {
    for (int c = 0; c < 8; ++c) {
      std::memcpy(to + (c * 8 + r) * 4, from + (r * 8 + c) * 4, 4);
    }
  }
}
#endif

/// The 16 bytes of a group from 32 codes.
HWY_INLINE void PackNibbles(const uint8_t* codes, uint8_t* packed) {
  const hn::CappedTag<uint16_t, 8> d16;
  const hn::Rebind<uint8_t, decltype(d16)> d8;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d16));
  for (int64_t i = 0; i < kMxfp4GroupBytes; i += lanes) {
    const auto pairs = hn::LoadU(d16, reinterpret_cast<const uint16_t*>(codes + 2 * i));
    const auto joined = hn::And(hn::Or(pairs, hn::ShiftRight<4>(pairs)), hn::Set(d16, 0xFF));
    hn::StoreU(hn::DemoteTo(d8, hn::BitCast(hn::RebindToSigned<decltype(d16)>(), joined)), d8,
               packed + i);
  }
}

/// 32 codes from the 16 bytes of a group.
HWY_INLINE void UnpackNibbles(const uint8_t* packed, uint8_t* codes) {
  const hn::CappedTag<uint16_t, 8> d16;
  const hn::Rebind<uint8_t, decltype(d16)> d8;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d16));
  for (int64_t i = 0; i < kMxfp4GroupBytes; i += lanes) {
    const auto wide = hn::PromoteTo(d16, hn::LoadU(d8, packed + i));
    const auto pairs =
        hn::And(hn::Or(wide, hn::ShiftLeft<4>(wide)), hn::Set(d16, uint16_t{0x0F0F}));
    hn::StoreU(pairs, d16, reinterpret_cast<uint16_t*>(codes + 2 * i));
  }
}

/// Stores the groups of a block's rows where a whole matrix has them.
void KeepRows(const uint8_t (*codes)[kMxGroup], const uint8_t* scales, int64_t row, int64_t rows,
              int64_t groups, int64_t group, const Mxfp4Out& out) {
  for (int64_t r = 0; r < std::min(kMxfp4BlockRows, rows - row); ++r) {
    const int64_t at = (row + r) * groups + group;
    PackNibbles(codes[r], out.codes + at * kMxfp4GroupBytes);
    out.scales[at] = scales[r];
  }
}

/// Stores the bytes of a group, of which encode(c) gives a vector from element c on. In one piece,
/// because reading back what was stored in several stalls.
template <typename Encode>
HWY_INLINE void StoreBytes(const Encode& encode, uint8_t* bytes) {
#if HWY_TARGET <= HWY_AVX2 && HWY_ARCH_X86
  const VU v0 = encode(0), v1 = encode(8), v2 = encode(16), v3 = encode(24);
  const __m256i words =
      _mm256_packus_epi16(_mm256_packus_epi32(v0.raw, v1.raw), _mm256_packus_epi32(v2.raw, v3.raw));
  // Each half has one half of every vector.
  const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  _mm256_store_si256(reinterpret_cast<__m256i*>(bytes), _mm256_permutevar8x32_epi32(words, order));
#else
  const D8 d8;
  for (int64_t c = 0; c < kMxGroup; c += static_cast<int64_t>(hn::Lanes(d8))) {
    hn::StoreU(hn::DemoteTo(d8, hn::BitCast(DI(), encode(c))), d8, bytes + c);
  }
#endif
}

/// Scales of a block's rows from the bits of their largest magnitudes, and 1 / S, which is never
/// subnormal. False where one is not finite.
HWY_INLINE bool FindScales(const uint32_t* largest, MxScaleRule rule, uint8_t* scales,
                           float* inverse) {
  const DF d;
  const DU du;
  const D8 d8;
  bool finite = true;
  for (int64_t v = 0; v < kMxfp4BlockRows; v += static_cast<int64_t>(hn::Lanes(d))) {
    const VU bits = hn::Load(du, largest + v);
    const VU bytes = ScaleBytes(bits, rule);
    hn::StoreU(hn::DemoteTo(d8, hn::BitCast(DI(), bytes)), d8, scales + v);
    const VU field = hn::ShiftLeft<23>(hn::Sub(Const(254), bytes));
    hn::Store(hn::BitCast(d, field), d, inverse + v);
    finite &= hn::AllFalse(du, hn::Eq(bytes, Const(kMxNanScale)));
  }
  return finite;
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

/// Values of a group times the scale; NaN where the scale is 255.
HWY_INLINE void DecodeGroup(const uint8_t* packed, uint8_t scale, float* values) {
  alignas(32) uint8_t codes[kMxGroup];
  UnpackNibbles(packed, codes);
  const DF d;
  const DU du;
  const D8 d8;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  // Magnitude 2..7 as a float: its three bits are the last of the exponent and the first of the
  // mantissa. 0 and 1 would be subnormal; there the value is half the code.
  const VF step = hn::Set(d, MxScaleValue(scale));
  for (int64_t c = 0; c < kMxGroup; c += lanes) {
    const VU code = hn::PromoteTo(du, hn::LoadU(d8, codes + c));
    const VU magnitude = hn::And(code, Const(7));
    const VF normal = hn::BitCast(d, hn::Add(hn::ShiftLeft<22>(magnitude), Const(126u << 23)));
    const VF half = hn::Mul(hn::ConvertTo(d, hn::BitCast(DI(), magnitude)), hn::Set(d, 0.5f));
    const VF value = hn::IfThenElse(hn::RebindMask(d, hn::Gt(magnitude, Const(1))), normal, half);
    const VU sign = hn::ShiftLeft<31>(hn::ShiftRight<3>(code));
    const VF with_sign = hn::BitCast(d, hn::Or(hn::BitCast(du, value), sign));
    hn::StoreU(hn::Mul(with_sign, step), d, values + c);
  }
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
    Mxfp4Tile tile{x.data + row * x.stride + col,
                   nullptr,
                   x.stride,
                   source.ema.stride,
                   IndexOf(row, col, x.cols),
                   static_cast<uint32_t>(x.cols)};
    if (kMode == Mxfp4Mode::kEma) {
      tile.ema = source.ema.data + row * source.ema.stride + col;
    }
    if (row + kMxfp4BlockRows > x.rows || col + kMxGroup > x.cols) {
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
    float* HWY_RESTRICT to = pad + r * kMxfp4TileCols;
    for (int64_t c = 0; c < kMxfp4TileCols; c += static_cast<int64_t>(hn::Lanes(d))) {
      hn::Store(hn::LoadU(d, from + c), d, to + c);
    }
  }
  return pad;
}

/// The values of 32 rows of codes, from column `col` on, zeros beyond the edges.
const float* DecodedTile(const Mxfp4Codes& q, int64_t row, int64_t col, int64_t cols, float* pad) {
  for (int64_t r = 0; r < kMxGroup; ++r) {
    for (int64_t c = 0; c < cols; c += kMxGroup) {
      float* values = pad + r * kMxfp4TileCols + c;
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
  alignas(64) float pad[kMxGroup * kMxfp4TileCols];
  Mxfp4Tile tile{nullptr,
                 nullptr,
                 kMxfp4TileCols,
                 0,
                 IndexOf(row, col, source.rows()),
                 static_cast<uint32_t>(source.rows())};
  if (source.has_codes()) {
    tile.x = DecodedTile(source.codes, row, col, cols, pad);
  } else if (row + kMxGroup > x.rows || col + kMxfp4TileCols > x.cols) {
    tile.x = Padded(x, row, col, kMxGroup, kMxfp4TileCols, pad);
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
  return HWY_DYNAMIC_DISPATCH(EncodeBlocks)({&source, mixed_key, row, count, group, blocks, out});
}

void DecodeMxfp4Row(const Mxfp4Codes& q, int64_t row, float* values) {
  HWY_DYNAMIC_DISPATCH(DecodeGroups)(q, row, values);
}

}  // namespace tersor::kernel
#endif  // HWY_ONCE
