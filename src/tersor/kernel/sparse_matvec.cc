#include "tersor/kernel/sparse_matvec.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "tersor/kernel/matvec.h"
#include "tersor/util/half.h"
#include "tersor/util/parallel_for.h"

// For vpexpandw and vpexpandb.
#define HWY_WANT_AVX3_DL

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tersor/kernel/sparse_matvec.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "tersor/kernel/sparse_expand-inl.h"

// What limits the product is not arithmetic. With AVX2 it is loads: eight columns need one of
// values, one of the table and a quarter of one of x, since four rows are walked at once; at two
// vector loads a cycle that is more than a cycle, whatever the density. With VBMI2 it is memory
// again; docs/runtime.md has the measurements. Rows go through the columns in step, through their
// values at their own pace; each is two streams, masks and values, that run on into the thread's
// next row.
#ifndef TERSOR_KERNEL_SPARSE_MATVEC_ONCE_
#define TERSOR_KERNEL_SPARSE_MATVEC_ONCE_
namespace tersor::kernel {

constexpr int64_t kWordColumns = 64;      // walked between two prefetches
constexpr int64_t kSparseStreams = 4;     // rows at once (matvec.cc)
constexpr int64_t kAheadOfValues = 1024;  // bytes that are asked for before they are used
constexpr int64_t kAheadOfMasks = 512;

/// Floats of a token, filled up to whole words with zeros.
constexpr int64_t PaddedColumns(int64_t cols) {
  return (cols + kWordColumns - 1) / kWordColumns * kWordColumns;
}

}  // namespace tersor::kernel
#endif  // TERSOR_KERNEL_SPARSE_MATVEC_ONCE_

HWY_BEFORE_NAMESPACE();
namespace tersor::kernel::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr int64_t kScaleWords = kSparseScaleColumns / kWordColumns;

template <class Placing>
constexpr int64_t kStepColumns = 8 * static_cast<int64_t>(sizeof(typename Placing::Mask));
template <class Placing>
constexpr int64_t kPartColumns = kStepColumns<Placing> / Placing::kParts;

/// One token in the order in which its columns meet the weights.
template <class Placing>
void ArrangeToken(const float* x, int64_t cols, float* HWY_RESTRICT out) {
  std::fill(std::copy_n(x, cols, out), out + PaddedColumns(cols), 0.0f);
#if HWY_TARGET == HWY_AVX3_DL
  if constexpr (Placing::kInterleaved) {
    const SparseD d;
    constexpr int64_t kLanes = kPartColumns<Placing>;
    for (int64_t c = 0; c < cols; c += kStepColumns<Placing>) {
      SparseVec parts[Placing::kParts];
      for (int half = Placing::kParts / 2; half > 0; half /= 2) {
        // One round splits even from odd columns; for four parts a second one does so again.
        for (int i = 0; i < Placing::kParts / 2; ++i) {
          const auto low = hn::LoadU(d, out + c + 2 * i * kLanes);
          const auto high = hn::LoadU(d, out + c + (2 * i + 1) * kLanes);
          parts[i] = hn::ConcatEven(d, high, low);
          parts[i + Placing::kParts / 2] = hn::ConcatOdd(d, high, low);
        }
        for (int i = 0; i < Placing::kParts; ++i) {
          hn::StoreU(parts[i], d, out + c + i * kLanes);
        }
      }
    }
  }
#endif
}

/// One row of W on its way through the columns, with the sums of kTokens tokens.
template <SparseType kType, int kTokens>
class SparseRow {
 public:
  using Placing = SparseInAnyOrder<kType>;
  using Mask = typename Placing::Mask;
  using Columns = SparseVec[kTokens][Placing::kParts];

  HWY_INLINE SparseRow(const SparseMatrix& w, int64_t row)
      : masks_(w.masks + row * w.mask_bytes()),
        values_(w.values + w.start(row) * BytesOf(kType)),
        scales_(w.scales + row * w.row_scales() * 2) {
    for (int t = 0; t < kTokens; ++t) {
      sums_[t] = hn::Zero(SparseD());
      ClearBlock(t);
    }
  }

  HWY_INLINE void Prefetch() const { Ask(values_ + kAheadOfValues); }
  HWY_INLINE void PrefetchMasks() const { Ask(masks_ + kAheadOfMasks); }

  /// The columns of a word's step `step`; x: their part of the tokens.
  HWY_INLINE void Add(int64_t step, const Columns& x) {
    Mask mask;
    std::memcpy(&mask, masks_ + step * static_cast<int64_t>(sizeof(mask)), sizeof(mask));
    SparseVec weights[Placing::kParts];
    Placing::Expand(values_, mask, weights);
    for (int part = 0; part < Placing::kParts; ++part) {
      for (int t = 0; t < kTokens; ++t) {
        SparseVec& sum = block_[t][part % kChains];
        sum = hn::MulAdd(weights[part], x[t][part], sum);
      }
    }
    values_ += std::popcount(mask) * BytesOf(kType);
    // Only the new place is needed. Compilers would keep the old one as well, and run out of
    // registers: a third of the speed.
    asm("" : "+r"(values_));
  }

  HWY_INLINE void NextWord() { masks_ += kWordColumns / 8; }

  /// After every 512 columns and the last.
  HWY_INLINE void EndBlock() {
    const SparseD d;
    if constexpr (kType == SparseType::kInt8) {
      uint16_t scale;
      std::memcpy(&scale, scales_, sizeof(scale));
      scales_ += sizeof(scale);
      const SparseVec factor = hn::Set(d, BF16ToFloat(scale));
      for (int t = 0; t < kTokens; ++t) {
        sums_[t] = hn::MulAdd(Block(t), factor, sums_[t]);
        ClearBlock(t);
      }
    }
  }

  HWY_INLINE float Sum(int t) const {
    const SparseVec sum = kType == SparseType::kInt8 ? sums_[t] : Block(t);
    return hn::GetLane(hn::SumOfLanes(SparseD(), sum)) * (1 / Placing::kUnit);
  }

 private:
  // Where a step has several parts in turn, one chain of additions would be the limit.
  static constexpr int kChains = Placing::kInterleaved ? 2 : 1;

  // Not PrefetchOnce(): what comes into the first cache only was a twentieth slower.
  static HWY_INLINE void Ask(const uint8_t* address) {
    __builtin_prefetch(address, /*rw=*/0, /*locality=*/3);
    asm volatile("");  // keeps GCC from dropping the call as one without effects
  }
  HWY_INLINE void ClearBlock(int t) {
    for (SparseVec& sum : block_[t]) {
      sum = hn::Zero(SparseD());
    }
  }
  HWY_INLINE SparseVec Block(int t) const {
    return kChains == 1 ? block_[t][0] : hn::Add(block_[t][0], block_[t][kChains - 1]);
  }

  const uint8_t* masks_;
  const uint8_t* values_;
  const uint8_t* scales_;
  SparseVec sums_[kTokens], block_[kTokens][kChains];  // of all finished blocks; of this one
};

/// A word of x, in all rows.
template <SparseType kType, int kTokens, class... Row>
HWY_INLINE void AddWord(const float* x, int64_t token_stride, Row&... rows) {
  using Placing = SparseInAnyOrder<kType>;
  for (int64_t step = 0; step < kWordColumns / kStepColumns<Placing>; ++step) {
    typename SparseRow<kType, kTokens>::Columns columns;
    for (int t = 0; t < kTokens; ++t) {
      for (int part = 0; part < Placing::kParts; ++part) {
        columns[t][part] =
            hn::LoadU(SparseD(), x + t * token_stride + step * kStepColumns<Placing> +
                                     part * kPartColumns<Placing>);
      }
    }
    (rows.Add(step, columns), ...);
  }
}

/// x: kTokens tokens as ArrangeToken() leaves them, one after the other.
template <SparseType kType, int kTokens, class... Row>
HWY_INLINE void WalkRows(int64_t cols, const float* x, Row&... rows) {
  const int64_t stride = PaddedColumns(cols), words = stride / kWordColumns;
  for (int64_t first = 0; first < words; first += kScaleWords) {
    (rows.PrefetchMasks(), ...);
    for (int64_t left = std::min(kScaleWords, words - first); left > 0; --left) {
      (rows.Prefetch(), ...);
      AddWord<kType, kTokens>(x, stride, rows...);
      (rows.NextWord(), ...);
      x += kWordColumns;
    }
    (rows.EndBlock(), ...);
  }
}

/// Rows row, row + stride, ... of y for kTokens tokens; `stride` 0: only one row.
template <SparseType kType, int kTokens>
HWY_NOINLINE void DotRows(const SparseMatrix& w, int64_t row, int64_t stride, const float* x,
                          float* y) {
  using Row = SparseRow<kType, kTokens>;
  Row a(w, row);
  if (stride == 0) {
    WalkRows<kType, kTokens>(w.cols, x, a);
    for (int t = 0; t < kTokens; ++t) {
      y[t * w.rows + row] = a.Sum(t);
    }
    return;
  }
  Row b(w, row + stride), c(w, row + 2 * stride), d(w, row + 3 * stride);
  WalkRows<kType, kTokens>(w.cols, x, a, b, c, d);
  for (int t = 0; t < kTokens; ++t) {
    float* out = y + t * w.rows + row;
    out[0] = a.Sum(t);
    out[stride] = b.Sum(t);
    out[2 * stride] = c.Sum(t);
    out[3 * stride] = d.Sum(t);
  }
}

/// Rows [first, last) of y. Two tokens share the placing of a row's values.
template <SparseType kType>
void MatvecRows(const SparseMatrix& w, int64_t first, int64_t last, int64_t tokens, const float* x,
                float* y) {
  const int64_t quarter = (last - first) / kSparseStreams;
  for (int64_t r = first; r < last; ++r) {
    if (r >= first + quarter && r < first + kSparseStreams * quarter) {
      continue;  // a row of another stream
    }
    const int64_t stride = r < first + quarter ? quarter : 0;
    int64_t t = 0;
    for (; t + 2 <= tokens; t += 2) {
      DotRows<kType, 2>(w, r, stride, x + t * PaddedColumns(w.cols), y + t * w.rows);
    }
    if (t < tokens) {
      DotRows<kType, 1>(w, r, stride, x + t * PaddedColumns(w.cols), y + t * w.rows);
    }
  }
}

void ArrangeSparse(SparseType type, const float* x, int64_t cols, float* out) {
  switch (type) {
    case SparseType::kF32:
      return ArrangeToken<SparseInAnyOrder<SparseType::kF32>>(x, cols, out);
    case SparseType::kBF16:
      return ArrangeToken<SparseInAnyOrder<SparseType::kBF16>>(x, cols, out);
    case SparseType::kInt8:
      return ArrangeToken<SparseInAnyOrder<SparseType::kInt8>>(x, cols, out);
  }
}

void MatvecSparseRows(const SparseMatrix& w, int64_t first, int64_t last, int64_t tokens,
                      const float* x, float* y) {
  switch (w.type) {
    case SparseType::kF32:
      return MatvecRows<SparseType::kF32>(w, first, last, tokens, x, y);
    case SparseType::kBF16:
      return MatvecRows<SparseType::kBF16>(w, first, last, tokens, x, y);
    case SparseType::kInt8:
      return MatvecRows<SparseType::kInt8>(w, first, last, tokens, x, y);
  }
}

/// Weights of one word of a row to `out`; returns where the next word's values begin.
template <SparseType kType>
HWY_INLINE const uint8_t* DecodeWord(const uint8_t* masks, const uint8_t* values, float scale,
                                     float* HWY_RESTRICT out) {
  using Placing = SparseInOrder<kType>;
  const SparseD d;
  for (int64_t c = 0; c < kWordColumns; c += kStepColumns<Placing>) {
    typename Placing::Mask mask;
    std::memcpy(&mask, masks + c / 8, sizeof(mask));
    SparseVec weights[Placing::kParts];
    Placing::Expand(values, mask, weights);
    for (int part = 0; part < Placing::kParts; ++part) {
      if constexpr (kType == SparseType::kInt8) {
        weights[part] = hn::Mul(weights[part], hn::Set(d, scale));
      }
      hn::StoreU(weights[part], d, out + c + part * kPartColumns<Placing>);
    }
    values += std::popcount(mask) * BytesOf(kType);
  }
  return values;
}

template <SparseType kType>
void DecodeRow(const SparseMatrix& w, int64_t row, int64_t first, int64_t count, float* out) {
  const uint8_t* masks = w.masks + row * w.mask_bytes();
  int64_t before = w.start(row);
  for (int64_t byte = 0; byte < first / 8; byte += 8) {
    uint64_t word;
    std::memcpy(&word, masks + byte, sizeof(word));
    before += std::popcount(word);
  }
  const uint8_t* values = w.values + before * BytesOf(kType);
  for (int64_t c = first; c < first + count; c += kWordColumns) {
    float scale = 1;
    if constexpr (kType == SparseType::kInt8) {
      uint16_t bits;
      std::memcpy(&bits, w.scales + (row * w.row_scales() + c / kSparseScaleColumns) * 2,
                  sizeof(bits));
      scale = BF16ToFloat(bits) * (1 / SparseInOrder<kType>::kUnit);
    }
    const int64_t left = first + count - c;
    if (left >= kWordColumns) {
      values = DecodeWord<kType>(masks + c / 8, values, scale, out + (c - first));
    } else {
      HWY_ALIGN float word[kWordColumns];
      DecodeWord<kType>(masks + c / 8, values, scale, word);
      std::copy_n(word, left, out + (c - first));
    }
  }
}

void DecodeSparseRow(const SparseMatrix& w, int64_t row, int64_t first, int64_t count, float* out) {
  switch (w.type) {
    case SparseType::kF32:
      return DecodeRow<SparseType::kF32>(w, row, first, count, out);
    case SparseType::kBF16:
      return DecodeRow<SparseType::kBF16>(w, row, first, count, out);
    case SparseType::kInt8:
      return DecodeRow<SparseType::kInt8>(w, row, first, count, out);
  }
}

}  // namespace tersor::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tersor::kernel {
namespace {

constexpr int64_t kGrainWeights = 1 << 16;  // below which a second thread does not pay

HWY_EXPORT(ArrangeSparse);
HWY_EXPORT(MatvecSparseRows);
HWY_EXPORT(DecodeSparseRow);

}  // namespace

void MatvecSparse(const SparseMatrix& w, const Activations& x, float* y) {
  const Workspace::Scope scope(x.workspace());
  const int64_t padded = PaddedColumns(w.cols);
  auto* arranged = x.workspace().Take<float>(x.tokens() * padded);
  for (int64_t t = 0; t < x.tokens(); ++t) {
    HWY_DYNAMIC_DISPATCH(ArrangeSparse)(w.type, x.row(t), w.cols, arranged + t * padded);
  }
  // A row's time hardly depends on how many values it has, so that equal shares are fair.
  const int64_t grain = std::max<int64_t>(1, kGrainWeights / w.cols);
  ParallelFor(0, w.rows, grain, [&](int64_t first, int64_t last) {
    HWY_DYNAMIC_DISPATCH(MatvecSparseRows)(w, first, last, x.tokens(), arranged, y);
  });
}

void DecodeSparse(const SparseMatrix& w, int64_t row, int64_t first, int64_t count, float* out) {
  HWY_DYNAMIC_DISPATCH(DecodeSparseRow)(w, row, first, count, out);
}

}  // namespace tersor::kernel
#endif  // HWY_ONCE
