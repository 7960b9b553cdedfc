#include "tersor/kernel/gemm.h"

#include <algorithm>
#include <utility>

#include "tersor/util/parallel_for.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tersor/kernel/gemm.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

// How the loops use the caches. The innermost tile keeps sums of kTileRows rows of W by two vectors
// of tokens in registers; per column it loads two vectors of tokens and broadcasts a weight a row.
// A panel of tokens, kDepth columns by two vectors, stays in the first cache while all kBlockRows
// decoded rows of W, [kBlockRows, kDepth] floats in the second cache, pass by it. Weights need no
// transposing, whatever their format, because they are the broadcast side.
#ifndef TERSOR_KERNEL_GEMM_ONCE_
#define TERSOR_KERNEL_GEMM_ONCE_
namespace tersor::kernel {

constexpr int64_t kDepth = 256;      // columns decoded at a time: 16 to 32 KB of token panel
constexpr int64_t kBlockRows = 48;   // rows decoded at a time: 48 KB
constexpr int64_t kMaxTokens = 512;  // tokens a pass: 96 KB of sums
constexpr int64_t kPad = 16;         // floats between rows of sums

/// What a pass of a block of rows works on; the buffers belong to one thread.
struct GemmPass {
  const RowSource* weights;
  int64_t rows, cols;
  const float* panels;  // of the pass's first token
  int64_t tokens;
  float* decoded;  // [kBlockRows, kDepth]
  float* sums;     // [kBlockRows, tokens rounded up to panels + kPad]
  float* y;        // of the pass's first token
};

}  // namespace tersor::kernel
#endif  // TERSOR_KERNEL_GEMM_ONCE_

HWY_BEFORE_NAMESPACE();
namespace tersor::kernel::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::ScalableTag<float>;

// Sums, two vectors of tokens and a weight must fit in the registers: 32 of them, or 16.
#if HWY_TARGET <= HWY_AVX3 || HWY_ARCH_ARM
constexpr int kTileRows = 12;
#else
constexpr int kTileRows = 6;
#endif

/// sums[r, 0 .. 2 vectors) (+)= decoded rows times `depth` columns of a panel.
template <int kRows>
HWY_INLINE void Tile(int64_t depth, const float* HWY_RESTRICT decoded,
                     const float* HWY_RESTRICT panel, bool first, float* HWY_RESTRICT sums,
                     int64_t stride) {
  const D d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  hn::Vec<D> even[kRows], odd[kRows];
  HWY_UNROLL(12)
  for (int r = 0; r < kRows; ++r) {
    even[r] = first ? hn::Zero(d) : hn::Load(d, sums + r * stride);
    odd[r] = first ? hn::Zero(d) : hn::Load(d, sums + r * stride + lanes);
  }
  for (int64_t k = 0; k < depth; ++k) {
    const auto x0 = hn::Load(d, panel), x1 = hn::Load(d, panel + lanes);
    panel += 2 * lanes;
    HWY_UNROLL(12)
    for (int r = 0; r < kRows; ++r) {
      const auto weight = hn::Set(d, decoded[r * kDepth + k]);
      even[r] = hn::MulAdd(weight, x0, even[r]);
      odd[r] = hn::MulAdd(weight, x1, odd[r]);
    }
  }
  HWY_UNROLL(12)
  for (int r = 0; r < kRows; ++r) {
    hn::Store(even[r], d, sums + r * stride);
    hn::Store(odd[r], d, sums + r * stride + lanes);
  }
}

/// All rows of a block with one panel.
HWY_NOINLINE void Strip(int64_t count, int64_t depth, const float* decoded, const float* panel,
                        bool first, float* sums, int64_t stride) {
  int64_t r = 0;
  const auto run = [&]<int kRows>(std::integral_constant<int, kRows>) {
    for (; r + kRows <= count; r += kRows) {
      Tile<kRows>(depth, decoded + r * kDepth, panel, first, sums + r * stride, stride);
    }
  };
  run(std::integral_constant<int, kTileRows>());
  run(std::integral_constant<int, 4>());
  run(std::integral_constant<int, 1>());
}

/// y[t, row + r] = sums[r, t].
void StoreTransposed(const GemmPass& pass, int64_t row, int64_t count, int64_t stride) {
  for (int64_t t = 0; t < pass.tokens; ++t) {
    float* HWY_RESTRICT out = pass.y + t * pass.rows + row;
    for (int64_t r = 0; r < count; ++r) {
      out[r] = pass.sums[r * stride + t];
    }
  }
}

void MultiplyBlock(const GemmPass& pass, int64_t row, int64_t count) {
  const int64_t width = 2 * static_cast<int64_t>(hn::Lanes(D()));
  const int64_t panels = (pass.tokens + width - 1) / width;
  // Not a power of two: StoreTransposed() walks down the rows, which would share cache sets.
  const int64_t stride = panels * width + kPad;
  for (int64_t k = 0; k < pass.cols; k += kDepth) {
    const int64_t depth = std::min(kDepth, pass.cols - k);
    for (int64_t r = 0; r < count; ++r) {
      pass.weights->Decode(row + r, k, depth, pass.decoded + r * kDepth);
    }
    for (int64_t p = 0; p < panels; ++p) {
      Strip(count, depth, pass.decoded, pass.panels + (p * pass.cols + k) * width, k == 0,
            pass.sums + p * width, stride);
    }
  }
  StoreTransposed(pass, row, count, stride);
}

int64_t PanelWidth() { return 2 * static_cast<int64_t>(hn::Lanes(D())); }

}  // namespace tersor::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tersor::kernel {
namespace {

HWY_EXPORT(MultiplyBlock);
HWY_EXPORT(PanelWidth);

}  // namespace

void Matmul(const RowSource& weights, int64_t rows, const Activations& x, float* y) {
  const int64_t width = HWY_DYNAMIC_DISPATCH(PanelWidth)();
  const TokenPanels& panels = x.Panels(width);
  const Workspace::Scope scope(x.workspace());
  const int64_t blocks = (rows + kBlockRows - 1) / kBlockRows;
  const int64_t tasks = std::min<int64_t>(NumThreads(), blocks);
  constexpr int64_t kDecoded = kBlockRows * kDepth, kSums = kBlockRows * (kMaxTokens + kPad);
  auto* buffers = x.workspace().Take<float>(tasks * (kDecoded + kSums));
  ParallelFor(0, tasks, 1, [&](int64_t first, int64_t last) {
    for (int64_t task = first; task < last; ++task) {
      GemmPass pass{&weights, rows, x.cols(), nullptr, 0, nullptr, nullptr, nullptr};
      pass.decoded = buffers + task * (kDecoded + kSums);
      pass.sums = pass.decoded + kDecoded;
      for (int64_t b = blocks * task / tasks; b < blocks * (task + 1) / tasks; ++b) {
        for (int64_t t = 0; t < x.tokens(); t += kMaxTokens) {
          pass.panels = panels.data + t * x.cols();
          pass.tokens = std::min(kMaxTokens, x.tokens() - t);
          pass.y = y + t * rows;
          HWY_DYNAMIC_DISPATCH(MultiplyBlock)
          (pass, b * kBlockRows, std::min(kBlockRows, rows - b * kBlockRows));
        }
      }
    }
  });
}

}  // namespace tersor::kernel
#endif  // HWY_ONCE
