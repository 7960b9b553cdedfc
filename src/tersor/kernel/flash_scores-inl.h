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
  /// The columns of a row (of all rows), extended to whole vectors.
  KeyRange RowVectors(int64_t row) const { return Extend(Columns(row)); }
  KeyRange WholeVectors() const { return Extend(Columns(0, rows)); }
  /// Whether every row sees every column of WholeVectors().
  bool AllSeen() const {
    const KeyRange all = WholeVectors();
    return Columns(rows - 1).begin <= all.begin && Columns(0).end >= all.end;
  }

 private:
  static KeyRange Extend(const KeyRange& columns) {
    if (columns.begin >= columns.end) {
      return {0, 0};
    }
    return {columns.begin / kTileLanes * kTileLanes,
            (columns.end + kTileLanes - 1) / kTileLanes * kTileLanes};
  }
  KeyRange Cut(const KeyRange& seen) const {
    return {std::clamp<int64_t>(seen.begin - key, 0, kKeyBlock),
            std::clamp<int64_t>(seen.end - key, 0, kKeyBlock)};
  }
};

/// Rows of `from` [rows, dim] times `factor`, to rows kRowStride apart that zeros fill up to whole
/// panels.
template <class T>
HWY_INLINE void ScaleRows(const uint8_t* from, int64_t stride, int64_t rows, int64_t dim,
                          float factor, float* HWY_RESTRICT to) {
  const TileTag d;
  const auto times = hwy::HWY_NAMESPACE::Set(d, factor);
  constexpr auto kBytes = static_cast<int64_t>(sizeof(T));
  for (int64_t r = 0; r < rows; ++r, from += stride * kBytes, to += kRowStride) {
    int64_t i = 0;
    for (; i + kTileLanes <= dim; i += kTileLanes) {
      const auto x = LoadFloats<T>(d, from + i * kBytes);
      hwy::HWY_NAMESPACE::StoreU(hwy::HWY_NAMESPACE::Mul(x, times), d, to + i);
    }
    for (; i < dim; ++i) {
      to[i] = factor * LoadFloat<T>(from + i * kBytes);
    }
    std::fill(to + dim, to + PaddedDim(dim), 0.0f);
  }
}

HWY_INLINE void ScaleRows(const RowsView& view, int64_t rows, int64_t dim, float factor,
                          float* to) {
  const auto* from = reinterpret_cast<const uint8_t*>(view.data);
  if (view.type == FloatType::kF32) {
    ScaleRows<float>(from, view.stride, rows, dim, factor, to);
  } else {
    ScaleRows<hwy::bfloat16_t>(from, view.stride, rows, dim, factor, to);
  }
}

/// out[r, c] = row r of `rows`, kRowStride apart, times column c of `panels` [kKeyBlock / 16,
/// depth, 16], for the columns that the rows see. A pair of panels stays in the first cache while
/// all rows pass by it.
HWY_INLINE void Products(const RowGroup& group, int64_t depth, const float* rows,
                         const float* panels, float* out) {
  using Rows = Broadcast<1, kRowStride>;
  const auto at = [&](int64_t c) {
    return panels + c / kKeyPanel * kKeyPanel * depth + c % kKeyPanel;
  };
  const KeyRange columns = group.WholeVectors();
  for (int64_t c = columns.begin; c < columns.end; c += 2 * kTileLanes) {
    ForRowTiles(group.rows, [&]<int kRows>(std::integral_constant<int, kRows>, int64_t r) {
      const KeyRange seen = group.Columns(r, kRows);
      if (seen.end <= c || seen.begin >= c + 2 * kTileLanes) {
        return;  // all masked
      }
      const float* a = rows + r * kRowStride;
      float* to = out + r * kKeyBlock + c;
      if (seen.end - c > kTileLanes) {
        const Vectors b = {{at(c), at(c + kTileLanes)}, kKeyPanel};
        Tile<Rows, kRows, 2, false>(depth, a, b, to, kKeyBlock);
      } else {
        Tile<Rows, kRows, 1, false>(depth, a, {{at(c), nullptr}, kKeyPanel}, to, kKeyBlock);
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
    if (bias.key_stride == 1) {
      for (int64_t c = columns.begin; c < columns.end; ++c) {
        row[c] += kLog2E * from[c];
      }
    } else {
      for (int64_t c = columns.begin; c < columns.end; ++c) {
        row[c] += kLog2E * from[c * bias.key_stride];
      }
    }
  }
}

/// -inf for what a row does not see of its RowVectors().
HWY_INLINE void HideUnseen(const RowGroup& group, float* scores) {
  constexpr float kNothing = -std::numeric_limits<float>::infinity();
  for (int64_t r = 0; r < group.rows; ++r) {
    const KeyRange columns = group.Columns(r), vectors = group.RowVectors(r);
    if (columns.begin < columns.end) {
      float* row = scores + r * kKeyBlock;
      std::fill(row + vectors.begin, row + columns.begin, kNothing);
      std::fill(row + columns.end, row + vectors.end, kNothing);
    }
  }
}

/// out[r, dims) += weights[r, columns) values[columns, dims). A strip of two vectors of dimensions
/// of all values stays in the first cache while the rows pass by it.
HWY_INLINE void AddValues(const RowGroup& group, int64_t padded, const float* weights,
                          const float* values, int64_t value_stride, float* out) {
  for (int64_t i = 0; i < padded; i += 2 * kTileLanes) {
    const bool pair = padded - i > kTileLanes;
    ForRowTiles(group.rows, [&]<int kRows>(std::integral_constant<int, kRows>, int64_t r) {
      const KeyRange columns = group.Columns(r, kRows);
      if (columns.begin >= columns.end) {
        return;
      }
      using Weights = Broadcast<1, kKeyBlock>;
      const float* at = values + columns.begin * value_stride + i;
      const Vectors b = {{at, at + kTileLanes}, value_stride};
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
