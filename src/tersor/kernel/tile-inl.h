// Register tiles of small matrix products, included once for each Highway target.
#if defined(TERSOR_KERNEL_TILE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TERSOR_KERNEL_TILE_INL_H_
#undef TERSOR_KERNEL_TILE_INL_H_
#else
#define TERSOR_KERNEL_TILE_INL_H_
#endif

#include <hwy/highway.h>

#include <cstdint>
#include <type_traits>

HWY_BEFORE_NAMESPACE();
namespace tersor::kernel::HWY_NAMESPACE {

using TileTag = hwy::HWY_NAMESPACE::CappedTag<float, 16>;
constexpr int64_t kTileLanes = static_cast<int64_t>(hwy::HWY_NAMESPACE::MaxLanes(TileTag()));

// Sums of two vectors a row, the two vectors themselves and a broadcast number must fit in the
// registers: 32 of them, or 16.
#if HWY_TARGET <= HWY_AVX3 || HWY_ARCH_ARM
constexpr int kTileRows = 12;
#else
constexpr int kTileRows = 6;
#endif

/// Calls run<n>(row) over [0, rows) with tiles of kTileRows rows and, for the rest, of as many as
/// still keep the multipliers busy: 32 rows are 12 + 12 + 8, or four of 6 and two of 4.
template <class Run>
HWY_INLINE void ForRowTiles(int64_t rows, const Run& run) {
  int64_t r = 0;
  const auto take = [&]<int kRows>(std::integral_constant<int, kRows> n) {
    run(n, r);
    r += kRows;
  };
  while (rows - r >= kTileRows + 4 || rows - r == kTileRows) {
    take(std::integral_constant<int, kTileRows>());
  }
  if constexpr (kTileRows > 8) {
    while (rows - r >= 8) {
      take(std::integral_constant<int, 8>());
    }
  }
  while (rows - r >= 4) {
    take(std::integral_constant<int, 4>());
  }
  if (rows - r >= 2) {
    take(std::integral_constant<int, 2>());
  }
  if (rows - r >= 1) {
    take(std::integral_constant<int, 1>());
  }
}

/// How a tile's broadcast side lies: the number of row r at depth k is a[k * kDepth + r * kRow].
/// Constants, so that every address of the inner loop is a displacement.
template <int kDepthStep, int kRowStep>
struct Broadcast {
  static constexpr int64_t kDepth = kDepthStep, kRow = kRowStep;
};

/// The other side: vector v at depth k is at[v] + k * step. A tile of one vector reads at[0] only.
struct Vectors {
  const float* at[2];
  int64_t step;
};

/// c[r, kVectors vectors) (+)= sum over k < depth of a(r, k) times the vectors at k.
template <class A, int kRows, int kVectors, bool kAdd>
HWY_NOINLINE void Tile(int64_t depth, const float* HWY_RESTRICT a, const Vectors& b,
                       float* HWY_RESTRICT c, int64_t c_stride) {
  namespace hn = hwy::HWY_NAMESPACE;
  const TileTag d;
  hn::Vec<TileTag> sums[kRows][kVectors];
  HWY_UNROLL(12)
  for (int r = 0; r < kRows; ++r) {
    HWY_UNROLL(2)
    for (int v = 0; v < kVectors; ++v) {
      sums[r][v] = kAdd ? hn::LoadU(d, c + r * c_stride + v * kTileLanes) : hn::Zero(d);
    }
  }
  const float* HWY_RESTRICT first = b.at[0];
  const float* HWY_RESTRICT second = b.at[kVectors - 1];
  const int64_t step = b.step;
  for (int64_t k = 0; k < depth; ++k) {
    hn::Vec<TileTag> x[kVectors];
    x[0] = hn::LoadU(d, first);
    x[kVectors - 1] = hn::LoadU(d, second);
    first += step;
    second += step;
    HWY_UNROLL(12)
    for (int r = 0; r < kRows; ++r) {
      const auto w = hn::Set(d, a[r * A::kRow]);
      HWY_UNROLL(2)
      for (int v = 0; v < kVectors; ++v) {
        sums[r][v] = hn::MulAdd(w, x[v], sums[r][v]);
      }
    }
    a += A::kDepth;
  }
  HWY_UNROLL(12)
  for (int r = 0; r < kRows; ++r) {
    HWY_UNROLL(2)
    for (int v = 0; v < kVectors; ++v) {
      hn::StoreU(sums[r][v], d, c + r * c_stride + v * kTileLanes);
    }
  }
}

}  // namespace tersor::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
