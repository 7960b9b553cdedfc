#include "tersor/kernel/sparse_matvec.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "tersor/kernel/matvec.h"
#include "tersor/kernel/prefetch.h"
#include "tersor/util/half.h"
#include "tersor/util/parallel_for.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tersor/kernel/sparse_matvec.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "tersor/kernel/sparse_expand-inl.h"

// What limits the product is not arithmetic but loads: each step needs one of values, one of the
// table (AVX2) and a quarter of one of x, since four rows are walked at once. With two vector loads
// a cycle that is more than a cycle for eight columns, whatever their density; docs/runtime.md says
// what was measured. Rows advance at their own pace through the values, but in step through the
// columns; each is two streams, masks and values, that run on into the thread's next row.
#ifndef TERSOR_KERNEL_SPARSE_MATVEC_ONCE_
#define TERSOR_KERNEL_SPARSE_MATVEC_ONCE_
namespace tersor::kernel {

constexpr int64_t kWordColumns = 64;      // that are walked between two looks at the pointers
constexpr int64_t kSparseStreams = 4;     // rows at once (matvec.cc)
constexpr int64_t kAheadOfValues = 1024;  // bytes that are asked for before they are used
constexpr int64_t kAheadOfMasks = 512;

/// x of one token, in parts of 64 columns; the last part is filled up with zeros.
struct TokenWords {
  const float* x;
  int64_t cols;
  alignas(64) float tail[kWordColumns];

  void Set(const float* row, int64_t count) {
    x = row;
    cols = count;
    const int64_t whole = cols / kWordColumns * kWordColumns;
    std::fill(std::copy(x + whole, x + cols, tail), tail + kWordColumns, 0.0f);
  }
  const float* Word(int64_t word) const {
    return (word + 1) * kWordColumns <= cols ? x + word * kWordColumns : tail;
  }
};

}  // namespace tersor::kernel
#endif  // TERSOR_KERNEL_SPARSE_MATVEC_ONCE_

HWY_BEFORE_NAMESPACE();
namespace tersor::kernel::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr int64_t kStepColumns = 8 * static_cast<int64_t>(sizeof(SparseMask));
constexpr int64_t kWordSteps = kWordColumns / kStepColumns;
constexpr int64_t kScaleWords = kSparseScaleColumns / kWordColumns;
using SparseVec = hn::Vec<SparseD>;

/// One row of W on its way through the columns, with the sums of kTokens tokens.
template <SparseType kType, int kTokens>
class SparseRow {
 public:
  HWY_INLINE SparseRow(const SparseMatrix& w, int64_t row)
      : masks_(w.masks + row * w.mask_bytes()),
        values_(w.values + w.start(row) * BytesOf(kType)),
        scales_(w.scales + row * w.row_scales() * 2) {
    for (int t = 0; t < kTokens; ++t) {
      sums_[t] = block_[t] = hn::Zero(SparseD());
    }
  }

  HWY_INLINE void Prefetch() const { PrefetchOnce(values_ + kAheadOfValues); }
  HWY_INLINE void PrefetchMasks() const { PrefetchOnce(masks_ + kAheadOfMasks); }

  /// The columns of step `kStep` of a word; x: their part of the tokens.
  template <int64_t kStep>
  HWY_INLINE void Add(const SparseVec (&x)[kTokens][kSparseParts]) {
    SparseMask mask;
    std::memcpy(&mask, masks_ + kStep * static_cast<int64_t>(sizeof(mask)), sizeof(mask));
    for (int part = 0; part < kSparseParts; ++part) {
      const SparseVec weights = SparseExpand<kType>(values_, mask, part);
      for (int t = 0; t < kTokens; ++t) {
        block_[t] = hn::MulAdd(weights, x[t][part], block_[t]);
      }
    }
    values_ += std::popcount(mask) * BytesOf(kType);
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
        sums_[t] = hn::MulAdd(block_[t], factor, sums_[t]);
        block_[t] = hn::Zero(d);
      }
    }
  }

  HWY_INLINE float Sum(int t) const {
    const SparseD d;
    if constexpr (kType == SparseType::kInt8) {
      return hn::GetLane(hn::SumOfLanes(d, sums_[t])) * (1 / kSparseUnit);
    }
    return hn::GetLane(hn::SumOfLanes(d, block_[t]));
  }

 private:
  const uint8_t* masks_;
  const uint8_t* values_;
  const uint8_t* scales_;
  SparseVec sums_[kTokens], block_[kTokens];  // of all finished blocks; of this one
};

/// Steps kStep and on of a word of x, in all rows.
template <int64_t kStep, int kTokens, class... Row>
HWY_INLINE void AddSteps(const float* const (&x)[kTokens], Row&... rows) {
  if constexpr (kStep < kWordSteps) {
    const SparseD d;
    SparseVec parts[kTokens][kSparseParts];
    for (int t = 0; t < kTokens; ++t) {
      for (int part = 0; part < kSparseParts; ++part) {
        parts[t][part] =
            hn::LoadU(d, x[t] + kStep * kStepColumns + part * (kStepColumns / kSparseParts));
      }
    }
    (rows.template Add<kStep>(parts), ...);
    AddSteps<kStep + 1, kTokens>(x, rows...);
  }
}

template <int kTokens, class... Row>
HWY_INLINE void WalkRows(const TokenWords* tokens, Row&... rows) {
  const int64_t words = (tokens->cols + kWordColumns - 1) / kWordColumns;
  for (int64_t first = 0; first < words; first += kScaleWords) {
    (rows.PrefetchMasks(), ...);
    const int64_t last = std::min(first + kScaleWords, words);
    for (int64_t word = first; word < last; ++word) {
      const float* x[kTokens];
      for (int t = 0; t < kTokens; ++t) {
        x[t] = tokens[t].Word(word);
      }
      (rows.Prefetch(), ...);
      AddSteps<0, kTokens>(x, rows...);
      (rows.NextWord(), ...);
    }
    (rows.EndBlock(), ...);
  }
}

/// Rows row, row + stride, ... of y for kTokens tokens.
template <SparseType kType, int kTokens>
HWY_NOINLINE void DotFourRows(const SparseMatrix& w, int64_t row, int64_t stride,
                              const TokenWords* tokens, float* y) {
  SparseRow<kType, kTokens> a(w, row), b(w, row + stride), c(w, row + 2 * stride),
      d(w, row + 3 * stride);
  WalkRows<kTokens>(tokens, a, b, c, d);
  for (int t = 0; t < kTokens; ++t) {
    float* out = y + t * w.rows + row;
    out[0] = a.Sum(t);
    out[stride] = b.Sum(t);
    out[2 * stride] = c.Sum(t);
    out[3 * stride] = d.Sum(t);
  }
}

template <SparseType kType, int kTokens>
HWY_NOINLINE void DotOneRow(const SparseMatrix& w, int64_t row, const TokenWords* tokens,
                            float* y) {
  SparseRow<kType, kTokens> a(w, row);
  WalkRows<kTokens>(tokens, a);
  for (int t = 0; t < kTokens; ++t) {
    y[t * w.rows + row] = a.Sum(t);
  }
}

template <SparseType kType, int kTokens>
void DotRows(const SparseMatrix& w, int64_t row, int64_t stride, const TokenWords* tokens,
             float* y) {
  if (stride > 0) {
    DotFourRows<kType, kTokens>(w, row, stride, tokens, y);
  } else {
    DotOneRow<kType, kTokens>(w, row, tokens, y);
  }
}

/// Rows [first, last) of y. Two tokens share the placing of a row's values.
template <SparseType kType>
void MatvecRows(const SparseMatrix& w, int64_t first, int64_t last, const Activations& x,
                float* y) {
  TokenWords tokens[kMatvecTokens];
  for (int64_t t = 0; t < x.tokens(); ++t) {
    tokens[t].Set(x.row(t), w.cols);
  }
  const int64_t quarter = (last - first) / kSparseStreams;
  for (int64_t r = first; r < last; ++r) {
    if (r >= first + quarter && r < first + kSparseStreams * quarter) {
      continue;  // a row of another stream
    }
    const int64_t stride = r < first + quarter ? quarter : 0;
    int64_t t = 0;
    for (; t + 2 <= x.tokens(); t += 2) {
      DotRows<kType, 2>(w, r, stride, tokens + t, y + t * w.rows);
    }
    if (t < x.tokens()) {
      DotRows<kType, 1>(w, r, stride, tokens + t, y + t * w.rows);
    }
  }
}

void MatvecSparseRows(const SparseMatrix& w, int64_t first, int64_t last, const Activations& x,
                      float* y) {
  switch (w.type) {
    case SparseType::kF32:
      return MatvecRows<SparseType::kF32>(w, first, last, x, y);
    case SparseType::kBF16:
      return MatvecRows<SparseType::kBF16>(w, first, last, x, y);
    case SparseType::kInt8:
      return MatvecRows<SparseType::kInt8>(w, first, last, x, y);
  }
}

/// Weights of one word of a row to `out`; returns where the next word's values begin.
template <SparseType kType>
HWY_INLINE const uint8_t* DecodeWord(const uint8_t* masks, const uint8_t* values, float scale,
                                     float* HWY_RESTRICT out) {
  const SparseD d;
  for (int64_t step = 0; step < kWordSteps; ++step) {
    SparseMask mask;
    std::memcpy(&mask, masks + step * static_cast<int64_t>(sizeof(mask)), sizeof(mask));
    for (int part = 0; part < kSparseParts; ++part) {
      auto weights = SparseExpand<kType>(values, mask, part);
      if constexpr (kType == SparseType::kInt8) {
        weights = hn::Mul(weights, hn::Set(d, scale));
      }
      hn::StoreU(weights, d, out);
      out += kStepColumns / kSparseParts;
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
      scale = BF16ToFloat(bits) * (1 / kSparseUnit);
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

HWY_EXPORT(MatvecSparseRows);
HWY_EXPORT(DecodeSparseRow);

}  // namespace

void MatvecSparse(const SparseMatrix& w, const Activations& x, float* y) {
  // Rows take equal time however many values they have: see above.
  const int64_t grain = std::max<int64_t>(1, kGrainWeights / w.cols);
  ParallelFor(0, w.rows, grain, [&](int64_t first, int64_t last) {
    HWY_DYNAMIC_DISPATCH(MatvecSparseRows)(w, first, last, x, y);
  });
}

void DecodeSparse(const SparseMatrix& w, int64_t row, int64_t first, int64_t count, float* out) {
  HWY_DYNAMIC_DISPATCH(DecodeSparseRow)(w, row, first, count, out);
}

}  // namespace tersor::kernel
#endif  // HWY_ONCE
