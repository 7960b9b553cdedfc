// Scores of a row group against a block of keys and sums weighted by them, for the forward and the
// backward pass of flash attention; included once for each Highway target.
#if defined(TERSOR_KERNEL_FLASH_SCORES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TERSOR_KERNEL_FLASH_SCORES_INL_H_
#undef TERSOR_KERNEL_FLASH_SCORES_INL_H_
#else
#define TERSOR_KERNEL_FLASH_SCORES_INL_H_
#endif

#include <hwy/highway.h>

#include <algorithm>
#include <limits>

#include "tersor/kernel/attend.h"
#include "tersor/kernel/flash_block.h"
#include "tersor/kernel/load_float-inl.h"
#include "tersor/kernel/tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tersor::kernel::HWY_NAMESPACE {

/// Up to kRowGroup consecutive queries and one block of keys. Columns count from the block's first
/// key; scores are [rows, kKeyBlock].
struct RowGroup {
  AttentionMask mask;
  int64_t position;  // of the first query
  int64_t rows;
  int64_t key;  // the block's first

  /// Columns that the row sees, cut to the block.
  KeyRange Columns(int64_t row) const { return Cut(mask.Seen(position + row)); }
  /// Columns that any of `count` rows from `row` on sees.
  KeyRange Columns(int64_t row, int64_t count) const {
    return Cut(mask.SeenByAny(position + row, count));
  }
  /// The columns of all rows, extended to whole vectors.
  KeyRange WholeVectors() const {
    const KeyRange all = Columns(0, rows);
    return {all.begin / kTileLanes * kTileLanes,
            (all.end + kTileLanes - 1) / kTileLanes * kTileLanes};
  }

 private:
  KeyRange Cut(const KeyRange& seen) const {
    return {std::clamp<int64_t>(seen.begin - key, 0, kKeyBlock),
            std::clamp<int64_t>(seen.end - key, 0, kKeyBlock)};
  }
};

/// Rows of `from` [rows, dim] times `factor`, a tile's rows innermost as Products() reads them.
template <class T>
HWY_INLINE void PackRowTiles(const uint8_t* from, int64_t stride, int64_t rows, int64_t dim,
                             float factor, float* HWY_RESTRICT to) {
  constexpr auto kBytes = static_cast<int64_t>(sizeof(T));
  ForTiles(rows, [&]<int kRows>(std::integral_constant<int, kRows>, int64_t r) {
    for (int j = 0; j < kRows; ++j) {
      for (int64_t i = 0; i < dim; ++i) {
        to[r * dim + i * kRows + j] = factor * LoadFloat<T>(from + ((r + j) * stride + i) * kBytes);
      }
    }
  });
}

HWY_INLINE void PackTiles(FloatType type, const uint8_t* from, int64_t stride, int64_t rows,
                          int64_t dim, float factor, float* to) {
  if (type == FloatType::kF32) {
    PackRowTiles<float>(from, stride, rows, dim, factor, to);
  } else {
    PackRowTiles<hwy::bfloat16_t>(from, stride, rows, dim, factor, to);
  }
}

/// out[r, c] = row r of `tiles` times column c of `panels` [kKeyBlock / 16, depth, 16], for the
/// columns that the rows see. A pair of panels stays in the first cache while all rows pass by it.
HWY_INLINE void Products(const RowGroup& group, int64_t depth, const float* tiles,
                         const float* panels, float* out) {
  const auto at = [&](int64_t c) {
    return panels + c / kKeyPanel * kKeyPanel * depth + c % kKeyPanel;
  };
  const KeyRange columns = group.WholeVectors();
  for (int64_t c = columns.begin; c < columns.end; c += 2 * kTileLanes) {
    const bool pair = columns.end - c > kTileLanes;
    const Vectors b = {{at(c), at(pair ? c + kTileLanes : c)}, kKeyPanel};
    ForTiles(group.rows, [&]<int kRows>(std::integral_constant<int, kRows>, int64_t r) {
      if (group.Columns(r + kRows - 1).end <= c) {
        return;  // all masked
      }
      float* to = out + r * kKeyBlock + c;
      if (pair) {
        Tile<Broadcast<kRows, 1>, kRows, 2, false>(depth, tiles + r * depth, b, to, kKeyBlock);
      } else {
        Tile<Broadcast<kRows, 1>, kRows, 1, false>(depth, tiles + r * depth, b, to, kKeyBlock);
      }
    });
  }
}

/// Adds the bias, which is in natural units, to scores in units of log 2.
HWY_INLINE void AddBias(const RowGroup& group, const BlockBias& bias, float* scores) {
  for (int64_t r = 0; r < group.rows; ++r) {
    const KeyRange columns = group.Columns(r);
    const float* from = bias.data + r * bias.query_stride + group.key * bias.key_stride;
    float* HWY_RESTRICT row = scores + r * kKeyBlock;
    for (int64_t c = columns.begin; c < columns.end; ++c) {
      row[c] += kLog2E * from[c * bias.key_stride];
    }
  }
}

/// -inf for what a row does not see, as far as WholeVectors() reaches.
HWY_INLINE void HideUnseen(const RowGroup& group, float* scores) {
  constexpr float kNothing = -std::numeric_limits<float>::infinity();
  const KeyRange all = group.WholeVectors();
  const KeyRange first = group.Columns(0), last = group.Columns(group.rows - 1);
  if (last.begin <= all.begin && first.end >= all.end) {
    return;  // every row sees every column
  }
  for (int64_t r = 0; r < group.rows; ++r) {
    const KeyRange columns = group.Columns(r);
    float* row = scores + r * kKeyBlock;
    std::fill(row + all.begin, row + std::clamp(columns.begin, all.begin, all.end), kNothing);
    std::fill(row + std::clamp(columns.end, all.begin, all.end), row + all.end, kNothing);
  }
}

/// out[r, dims) += weights[r, columns) values[columns, dims). A strip of two vectors of dimensions
/// of all values stays in the first cache while the rows pass by it.
HWY_INLINE void AddValues(const RowGroup& group, int64_t padded, const float* weights,
                          const float* values, float* out) {
  for (int64_t i = 0; i < padded; i += 2 * kTileLanes) {
    const bool pair = padded - i > kTileLanes;
    ForTiles(group.rows, [&]<int kRows>(std::integral_constant<int, kRows>, int64_t r) {
      const KeyRange columns = group.Columns(r, kRows);
      if (columns.begin >= columns.end) {
        return;
      }
      using Weights = Broadcast<1, kKeyBlock>;
      const float* at = values + columns.begin * padded + i;
      const Vectors b = {{at, pair ? at + kTileLanes : at}, padded};
      const float* a = weights + r * kKeyBlock + columns.begin;
      const int64_t count = columns.end - columns.begin;
      if (pair) {
        Tile<Weights, kRows, 2, true>(count, a, b, out + r * padded + i, padded);
      } else {
        Tile<Weights, kRows, 1, true>(count, a, b, out + r * padded + i, padded);
      }
    });
  }
}

}  // namespace tersor::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
