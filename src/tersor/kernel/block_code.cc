#include "tersor/kernel/block_code.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <limits>

#include "tersor/util/parallel_for.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tersor/kernel/block_code.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#ifndef TERSOR_KERNEL_BLOCK_CODE_ONCE_
#define TERSOR_KERNEL_BLOCK_CODE_ONCE_
namespace tersor::kernel {

constexpr int64_t kMaxBlock = 128;
constexpr float kSmallest = 1e-36f;  // below this, limit / max|x| would overflow

/// One block of a matrix, with rows `stride` floats apart.
struct BlockView {
  const float* x;
  int64_t rows, cols, stride;  // cols: a multiple of the vector
  int64_t block;
  int32_t element;  // index of the block's first element in the matrix
  int32_t pitch;    // the matrix's columns, for the elements' indices
};

struct BlockScale {
  float inverse, step;
};

/// The one rule of all paths: codes are round(x · (limit / max|x|)). At ties x / step would differ.
inline BlockScale ScaleOf(float largest, int limit) {
  if (largest < kSmallest) {
    return {0, 0};
  }
  return {static_cast<float>(limit) / largest, largest / static_cast<float>(limit)};
}

/// Of a rest of at most `largest`, itself at most scale / 2. The joined scale suits the largest
/// rest; where it is less than half as large, more than a bit would be lost.
inline BlockScale ResidualScaleOf(ResidualScale choice, float largest, float scale, int limit) {
  const float joined = BlockCodes::JoinedScale(scale, limit);
  if (choice == ResidualScale::kOwn || largest < scale / 4 || joined < kSmallest) {
    return ScaleOf(largest, limit);
  }
  return {1 / joined, joined};
}

struct BlockError {
  double error = 0, magnitude = 0;  // sums of |x - value| and |x|
};

}  // namespace tersor::kernel
#endif  // TERSOR_KERNEL_BLOCK_CODE_ONCE_

HWY_BEFORE_NAMESPACE();
namespace tersor::kernel::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using DF = hn::ScalableTag<float>;
using DI = hn::RebindToSigned<DF>;
using DU = hn::RebindToUnsigned<DF>;
using D8 = hn::Rebind<int8_t, DF>;

/// max |x| as the bits of a float. Bit patterns of magnitudes are ordered like the magnitudes,
/// with infinities and NaN on top, so nothing that is not finite can be missed.
int32_t LargestBits(const BlockView& view) {
  const DF d;
  const DI di;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto magnitude = hn::Set(di, 0x7FFFFFFF);
  auto most0 = hn::Zero(di), most1 = hn::Zero(di);
  for (int64_t r = 0; r < view.rows; ++r) {
    const float* HWY_RESTRICT x = view.x + r * view.stride;
    int64_t c = 0;
    for (; c + 2 * lanes <= view.cols; c += 2 * lanes) {
      most0 = hn::Max(most0, hn::And(hn::BitCast(di, hn::LoadU(d, x + c)), magnitude));
      most1 = hn::Max(most1, hn::And(hn::BitCast(di, hn::LoadU(d, x + c + lanes)), magnitude));
    }
    for (; c < view.cols; c += lanes) {
      most0 = hn::Max(most0, hn::And(hn::BitCast(di, hn::LoadU(d, x + c)), magnitude));
    }
  }
  return hn::GetLane(hn::MaxOfLanes(di, hn::Max(most0, most1)));
}

/// Uniform in [0, 1) with 24 bits from the elements' indices and a key: a mixing function of two
/// multiplications, which passes for the rounding of neighbours as independent.
HWY_INLINE hn::Vec<DF> Uniform(hn::Vec<DU> index, uint32_t key0, uint32_t key1) {
  const DF d;
  const DU du;
  auto h = hn::Add(hn::Mul(index, hn::Set(du, 0x9E3779B9u)), hn::Set(du, key0));
  h = hn::Xor(h, hn::ShiftRight<16>(h));
  h = hn::Mul(h, hn::Set(du, 0x7FEB352Du));
  h = hn::Xor(hn::Xor(h, hn::ShiftRight<15>(h)), hn::Set(du, key1));
  h = hn::Mul(h, hn::Set(du, 0x846CA68Bu));
  h = hn::Xor(h, hn::ShiftRight<16>(h));
  const auto bits = hn::BitCast(DI(), hn::ShiftRight<8>(h));
  return hn::Mul(hn::ConvertTo(d, bits), hn::Set(d, 0x1.0p-24f));
}

template <bool kStochastic, bool kMeasure>
BlockError Encode(const BlockView& view, const BlockScale& scale, int limit, uint64_t key,
                  int8_t* codes) {
  const DF d;
  const DI di;
  const DU du;
  const D8 d8;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto inverse = hn::Set(d, scale.inverse), step = hn::Set(d, scale.step);
  const auto most = hn::Set(di, limit), least = hn::Set(di, -limit);
  const auto key0 = static_cast<uint32_t>(key), key1 = static_cast<uint32_t>(key >> 32);
  const auto iota = hn::Iota(du, 0);
  BlockError sums;
  for (int64_t r = 0; r < view.rows; ++r) {
    const float* HWY_RESTRICT x = view.x + r * view.stride;
    int8_t* HWY_RESTRICT out = codes + r * view.block;
    const auto row = static_cast<uint32_t>(view.element) +
                     static_cast<uint32_t>(r) * static_cast<uint32_t>(view.pitch);
    auto error = hn::Zero(d), magnitude = hn::Zero(d);
    for (int64_t c = 0; c < view.cols; c += lanes) {
      const auto value = hn::LoadU(d, x + c);
      const auto scaled = hn::Mul(value, inverse);
      hn::Vec<DI> code;
      if constexpr (kStochastic) {
        const auto u =
            Uniform(hn::Add(iota, hn::Set(du, row + static_cast<uint32_t>(c))), key0, key1);
        code = hn::ConvertTo(di, hn::Floor(hn::Add(scaled, u)));
      } else {
        code = hn::NearestInt(scaled);
      }
      // After rounding: 127 plus a number below 1 may round to 128.
      code = hn::Max(hn::Min(code, most), least);
      hn::StoreU(hn::DemoteTo(d8, code), d8, out + c);
      if constexpr (kMeasure) {
        const auto rest = hn::NegMulAdd(hn::ConvertTo(d, code), step, value);
        error = hn::Add(error, hn::Abs(rest));
        magnitude = hn::Add(magnitude, hn::Abs(value));
      }
    }
    if constexpr (kMeasure) {
      sums.error += hn::GetLane(hn::SumOfLanes(d, error));
      sums.magnitude += hn::GetLane(hn::SumOfLanes(d, magnitude));
    }
  }
  return sums;
}

BlockError EncodeBlock(const BlockView& view, const BlockScale& scale, int limit,
                       const BlockRounding& rounding, bool measure, int8_t* codes) {
  if (rounding.stochastic) {
    return measure ? Encode<true, true>(view, scale, limit, rounding.key, codes)
                   : Encode<true, false>(view, scale, limit, rounding.key, codes);
  }
  return measure ? Encode<false, true>(view, scale, limit, 0, codes)
                 : Encode<false, false>(view, scale, limit, 0, codes);
}

/// rest [rows, cols] = x - code · step, each with one rounding only.
void Rest(const BlockView& view, float scale, const int8_t* codes, float* rest) {
  const DF d;
  const DI di;
  const D8 d8;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto step = hn::Set(d, scale);
  for (int64_t r = 0; r < view.rows; ++r) {
    for (int64_t c = 0; c < view.cols; c += lanes) {
      const auto code = hn::PromoteTo(di, hn::LoadU(d8, codes + r * view.block + c));
      const auto value = hn::LoadU(d, view.x + r * view.stride + c);
      hn::StoreU(hn::NegMulAdd(hn::ConvertTo(d, code), step, value), d, rest + r * view.block + c);
    }
  }
}

}  // namespace tersor::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tersor::kernel {
namespace {

HWY_EXPORT(LargestBits);
HWY_EXPORT(EncodeBlock);
HWY_EXPORT(Rest);

/// The blocks of a matrix one after the other; one at the edge is copied into a whole block whose
/// rest is zero, so that the kernels know whole vectors only.
class BlockReader {
 public:
  BlockReader(const float* x, const BlockGrid& grid) : x_(x), grid_(grid) {}

  BlockView Get(int64_t index) {
    const int64_t block = grid_.block;
    const int64_t row = index / grid_.col_blocks() * block;
    const int64_t col = index % grid_.col_blocks() * block;
    BlockView view{x_ + row * grid_.cols + col, block, block, grid_.cols, block, 0, 0};
    view.element = static_cast<int32_t>(static_cast<uint32_t>(row * grid_.cols + col));
    view.pitch = static_cast<int32_t>(grid_.cols);
    const int64_t rows = std::min(block, grid_.rows - row),
                  cols = std::min(block, grid_.cols - col);
    if (rows < block || cols < block) {
      std::fill_n(edge_, block * block, 0.0f);
      for (int64_t r = 0; r < rows; ++r) {
        std::copy_n(view.x + r * grid_.cols, cols, edge_ + r * block);
      }
      view.x = edge_;
      view.stride = block;
    }
    return view;
  }

 private:
  const float* x_;
  const BlockGrid& grid_;
  alignas(64) float edge_[kMaxBlock * kMaxBlock];
};

float FromBits(int32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

float CriterionOf(BlockCriterion criterion, float largest, const BlockError& sums, int64_t block) {
  switch (criterion) {
    case BlockCriterion::kAbsMax:
      return largest;
    case BlockCriterion::kL1:
      return static_cast<float>(sums.error / static_cast<double>(block * block));
    case BlockCriterion::kRelativeL1:
      return sums.magnitude > 0 ? static_cast<float>(sums.error / sums.magnitude) : 0.0f;
  }
  return 0;
}

}  // namespace

bool QuantizeBlocks(const float* x, const BlockGrid& grid, int limit, const BlockRounding& rounding,
                    BlockCriterion criterion, int8_t* codes, float* scales, float* criteria) {
  std::atomic<bool> finite = true;
  const bool measure = criteria != nullptr && criterion != BlockCriterion::kAbsMax;
  const int64_t size = grid.block * grid.block;
  ParallelFor(0, grid.blocks(), 1, [&](int64_t first, int64_t last) {
    BlockReader reader(x, grid);
    for (int64_t i = first; i < last; ++i) {
      const BlockView view = reader.Get(i);
      const float largest = FromBits(HWY_DYNAMIC_DISPATCH(LargestBits)(view));
      if (!std::isfinite(largest)) {
        finite = false;
        return;
      }
      const BlockScale scale = ScaleOf(largest, limit);
      const BlockError sums = HWY_DYNAMIC_DISPATCH(EncodeBlock)(view, scale, limit, rounding,
                                                                measure, codes + i * size);
      scales[i] = scale.step;
      if (criteria != nullptr) {
        criteria[i] = CriterionOf(criterion, largest, sums, grid.block);
      }
    }
  });
  return finite;
}

bool QuantizeTensor(const float* x, const BlockGrid& grid, int limit, const BlockRounding& rounding,
                    int8_t* codes, float* scales) {
  std::atomic<int32_t> most = 0;
  const int64_t size = grid.block * grid.block;
  ParallelFor(0, grid.blocks(), 1, [&](int64_t first, int64_t last) {
    BlockReader reader(x, grid);
    int32_t own = 0;
    for (int64_t i = first; i < last; ++i) {
      own = std::max(own, HWY_DYNAMIC_DISPATCH(LargestBits)(reader.Get(i)));
    }
    int32_t seen = most;
    while (seen < own && !most.compare_exchange_weak(seen, own)) {
    }
  });
  const float largest = FromBits(most);
  if (!std::isfinite(largest)) {
    return false;
  }
  const BlockScale scale = ScaleOf(largest, limit);
  ParallelFor(0, grid.blocks(), 1, [&](int64_t first, int64_t last) {
    BlockReader reader(x, grid);
    for (int64_t i = first; i < last; ++i) {
      HWY_DYNAMIC_DISPATCH(EncodeBlock)
      (reader.Get(i), scale, limit, rounding, false, codes + i * size);
      scales[i] = scale.step;
    }
  });
  return true;
}

void QuantizeResiduals(const float* x, const BlockGrid& grid, int limit, ResidualScale choice,
                       const int8_t* codes, const float* scales, const int32_t* slots,
                       int8_t* residuals, float* residual_scales) {
  const int64_t size = grid.block * grid.block;
  ParallelFor(0, grid.blocks(), 1, [&](int64_t first, int64_t last) {
    BlockReader reader(x, grid);
    alignas(64) float rest[kMaxBlock * kMaxBlock];
    for (int64_t i = first; i < last; ++i) {
      if (slots[i] < 0) {
        continue;
      }
      BlockView view = reader.Get(i);
      HWY_DYNAMIC_DISPATCH(Rest)(view, scales[i], codes + i * size, rest);
      view.x = rest;
      view.stride = grid.block;
      const float largest = FromBits(HWY_DYNAMIC_DISPATCH(LargestBits)(view));
      const BlockScale scale = ResidualScaleOf(choice, largest, scales[i], limit);
      HWY_DYNAMIC_DISPATCH(EncodeBlock)
      (view, scale, limit, BlockRounding(), false, residuals + slots[i] * size);
      residual_scales[slots[i]] = scale.step;
    }
  });
}

void DecodeBlocks(const BlockCodes& in, float* values) {
  const BlockGrid& grid = in.grid;
  ParallelFor(0, grid.rows, 16, [&](int64_t first, int64_t last) {
    for (int64_t r = first; r < last; ++r) {
      for (int64_t c = 0; c < grid.cols; ++c) {
        const int64_t b = r / grid.block * grid.col_blocks() + c / grid.block;
        const int64_t at = r % grid.block * grid.block + c % grid.block;
        const int64_t size = grid.block * grid.block;
        float value = static_cast<float>(in.codes[b * size + at]) * in.scales[b];
        if (in.slots != nullptr && in.slots[b] >= 0) {
          value = std::fma(static_cast<float>(in.residuals[in.slots[b] * size + at]),
                           in.residual_scales[in.slots[b]], value);
        }
        values[r * grid.cols + c] = value;
      }
    }
  });
}

}  // namespace tersor::kernel
#endif  // HWY_ONCE
