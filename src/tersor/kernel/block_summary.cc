#include "tersor/kernel/block_summary.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <type_traits>

#include "tersor/kernel/attend.h"
#include "tersor/kernel/flash_block.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tersor/kernel/block_summary.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "tersor/kernel/load_float-inl.h"

#ifndef TERSOR_KERNEL_BLOCK_SUMMARY_ONCE_
#define TERSOR_KERNEL_BLOCK_SUMMARY_ONCE_
namespace tersor::kernel {

/// One block's sums over its rows; [dim] each.
struct BlockSums {
  float* plain;
  float* unit;  // of rows divided by their length
  float largest;
  double longest;  // squared length of the longest row
};

}  // namespace tersor::kernel
#endif  // TERSOR_KERNEL_BLOCK_SUMMARY_ONCE_

HWY_BEFORE_NAMESPACE();
namespace tersor::kernel::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::ScalableTag<float>;

/// Calls body(d, i) with vectors over [0, dim), then with single elements for the rest.
template <class Body>
HWY_INLINE void ForVectors(int64_t dim, const Body& body) {
  const D d;
  const hn::CappedTag<float, 1> one;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = 0;
  for (; i + lanes <= dim; i += lanes) {
    body(d, i);
  }
  for (; i < dim; ++i) {
    body(one, i);
  }
}

/// row = the stored row minus shift; returns its squared length.
template <class T>
HWY_INLINE float LoadRow(const uint8_t* stored, const float* shift, int64_t dim,
                         float* HWY_RESTRICT row, float* largest) {
  const D d;
  auto squares = hn::Zero(d), high = hn::Zero(d);
  float rest = 0, rest_high = 0;
  ForVectors(dim, [&]<class Tag>(Tag tag, int64_t i) {
    const auto x = hn::Sub(LoadFloats<T>(tag, stored + i * static_cast<int64_t>(sizeof(T))),
                           hn::LoadU(tag, shift + i));
    hn::StoreU(x, tag, row + i);
    if constexpr (std::is_same_v<Tag, D>) {
      squares = hn::MulAdd(x, x, squares);
      high = hn::Max(high, hn::Abs(x));
    } else {
      const float value = hn::GetLane(x);
      rest += value * value;
      rest_high = std::max(rest_high, std::abs(value));
    }
  });
  *largest = std::max({*largest, rest_high, hn::GetLane(hn::MaxOfLanes(d, high))});
  return rest + hn::GetLane(hn::SumOfLanes(d, squares));
}

HWY_INLINE void AddScaled(int64_t dim, float scale, const float* HWY_RESTRICT row,
                          float* HWY_RESTRICT sums) {
  ForVectors(dim, [&](auto tag, int64_t i) {
    hn::StoreU(hn::MulAdd(hn::Set(tag, scale), hn::LoadU(tag, row + i), hn::LoadU(tag, sums + i)),
               tag, sums + i);
  });
}

template <class T>
void AddRows(const uint8_t* stored, int64_t stride_bytes, int64_t count, const float* shift,
             int64_t dim, float* row, BlockSums& sums) {
  for (int64_t r = 0; r < count; ++r) {
    const float square = LoadRow<T>(stored + r * stride_bytes, shift, dim, row, &sums.largest);
    sums.longest = std::max(sums.longest, static_cast<double>(square));
    AddScaled(dim, 1, row, sums.plain);
    if (square > 0) {
      AddScaled(dim, 1 / std::sqrt(square), row, sums.unit);
    }
  }
}

void AddBlock(const HeadRows& rows, int64_t first, int64_t count, const float* shift, float* row,
              BlockSums& sums) {
  const int64_t stride = rows.stride * BytesOf(rows.type);
  const auto* stored = reinterpret_cast<const uint8_t*>(rows.data) + first * stride;
  if (rows.type == FloatType::kF32) {
    AddRows<float>(stored, stride, count, shift, rows.dim, row, sums);
  } else {
    AddRows<hwy::bfloat16_t>(stored, stride, count, shift, rows.dim, row, sums);
  }
}

/// sums += rows, in float32 within a block of rows.
void SumRows(const HeadRows& rows, int64_t first, int64_t count, float* sums) {
  const int64_t element = BytesOf(rows.type);
  const auto* stored = reinterpret_cast<const uint8_t*>(rows.data) + first * rows.stride * element;
  for (int64_t r = 0; r < count; ++r, stored += rows.stride * element) {
    ForVectors(rows.dim, [&](auto tag, int64_t i) {
      const auto x = rows.type == FloatType::kF32
                         ? LoadFloats<float>(tag, stored + i * element)
                         : LoadFloats<hwy::bfloat16_t>(tag, stored + i * element);
      hn::StoreU(hn::Add(hn::LoadU(tag, sums + i), x), tag, sums + i);
    });
  }
}

/// Sums over a block of keys in panels; `lanes` [2, dim, kKeyPanel] is scratch memory.
template <class T>
void AddPanels(const uint8_t* keys, const float* HWY_RESTRICT shift, int64_t dim,
               float* HWY_RESTRICT lanes, BlockSums& sums) {
  const hn::CappedTag<float, kKeyPanel> d;
  const auto step = static_cast<int64_t>(hn::Lanes(d));
  constexpr auto kBytes = static_cast<int64_t>(sizeof(T));
  std::fill_n(lanes, 2 * dim * kKeyPanel, 0.0f);
  auto high = hn::Zero(d), longest = hn::Zero(d);
  for (int64_t c = 0; c < kKeyBlock; c += step) {
    const uint8_t* panel = keys + (c / kKeyPanel * kKeyPanel * dim + c % kKeyPanel) * kBytes;
    const auto load = [&](int64_t i) {
      return hn::Sub(LoadFloats<T>(d, panel + i * kKeyPanel * kBytes), hn::Set(d, shift[i]));
    };
    auto squares = hn::Zero(d);
    for (int64_t i = 0; i < dim; ++i) {
      const auto x = load(i);
      squares = hn::MulAdd(x, x, squares);
      high = hn::Max(high, hn::Abs(x));
    }
    longest = hn::Max(longest, squares);
    const auto inverse = hn::IfThenElseZero(hn::Gt(squares, hn::Zero(d)),
                                            hn::Div(hn::Set(d, 1.0f), hn::Sqrt(squares)));
    for (int64_t i = 0; i < dim; ++i) {
      const auto x = load(i);
      float* plain = lanes + i * kKeyPanel + c % kKeyPanel;
      float* unit = plain + dim * kKeyPanel;
      hn::StoreU(hn::Add(hn::LoadU(d, plain), x), d, plain);
      hn::StoreU(hn::MulAdd(x, inverse, hn::LoadU(d, unit)), d, unit);
    }
  }
  for (int64_t i = 0; i < dim; ++i) {
    const float* plain = lanes + i * kKeyPanel;
    sums.plain[i] = std::accumulate(plain, plain + kKeyPanel, 0.0f);
    sums.unit[i] = std::accumulate(plain + dim * kKeyPanel, plain + (dim + 1) * kKeyPanel, 0.0f);
  }
  sums.largest = hn::GetLane(hn::MaxOfLanes(d, high));
  sums.longest = hn::GetLane(hn::MaxOfLanes(d, longest));
}

void AddPanelBlock(FloatType type, const std::byte* keys, const float* shift, int64_t dim,
                   float* lanes, BlockSums& sums) {
  const auto* stored = reinterpret_cast<const uint8_t*>(keys);
  if (type == FloatType::kF32) {
    AddPanels<float>(stored, shift, dim, lanes, sums);
  } else {
    AddPanels<hwy::bfloat16_t>(stored, shift, dim, lanes, sums);
  }
}

/// kMeans of them at a time, so that the sums do not wait for each other.
template <int kMeans>
HWY_INLINE void ScoreSome(const float* HWY_RESTRICT query, const float* HWY_RESTRICT means,
                          int64_t dim, float scale, float* HWY_RESTRICT scores) {
  const D d;
  hn::Vec<D> sums[kMeans];
  float rest[kMeans] = {};
  for (auto& sum : sums) {
    sum = hn::Zero(d);
  }
  ForVectors(dim, [&]<class Tag>(Tag tag, int64_t i) {
    const auto q = hn::LoadU(tag, query + i);
    for (int m = 0; m < kMeans; ++m) {
      const auto x = hn::LoadU(tag, means + m * dim + i);
      if constexpr (std::is_same_v<Tag, D>) {
        sums[m] = hn::MulAdd(q, x, sums[m]);
      } else {
        rest[m] += hn::GetLane(q) * hn::GetLane(x);
      }
    }
  });
  for (int m = 0; m < kMeans; ++m) {
    scores[m] = scale * (rest[m] + hn::GetLane(hn::SumOfLanes(d, sums[m])));
  }
}

void Score(const float* query, const float* means, int64_t count, int64_t dim, float scale,
           float* scores) {
  int64_t j = 0;
  for (; j + 4 <= count; j += 4) {
    ScoreSome<4>(query, means + j * dim, dim, scale, scores + j);
  }
  for (; j < count; ++j) {
    ScoreSome<1>(query, means + j * dim, dim, scale, scores + j);
  }
}

}  // namespace tersor::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tersor::kernel {
namespace {

HWY_EXPORT(AddBlock);
HWY_EXPORT(SumRows);
HWY_EXPORT(Score);
HWY_EXPORT(AddPanelBlock);

constexpr int64_t kRowsInFloat = 256;  // that add up before a double takes over

/// Appends a block of `count` rows, given their sums in place of its mean.
void AppendSummary(const BlockSums& sums, int64_t count, Similarity similarity,
                   BlockSummaries& summaries) {
  double square = 0;  // of the sum of rows: of unit ones, or as they are
  for (int64_t i = 0; i < summaries.dim; ++i) {
    const double sum = similarity == Similarity::kCosine ? sums.unit[i] : sums.plain[i];
    square += sum * sum;
    sums.plain[i] /= static_cast<float>(count);
  }
  const double scale = similarity == Similarity::kCosine ? 1 : sums.longest;
  const auto pairs = static_cast<double>(count) * static_cast<double>(count);
  summaries.similarity.push_back(scale > 0 ? static_cast<float>(square / pairs / scale) : 0);
  summaries.largest.push_back(sums.largest);
}

}  // namespace

std::vector<float> MeanRow(const HeadRows& rows) {
  const auto dim = static_cast<size_t>(rows.dim);
  std::vector<double> total(dim);
  std::vector<float> sums(dim);
  for (int64_t first = 0; first < rows.tokens; first += kRowsInFloat) {
    std::fill(sums.begin(), sums.end(), 0.0f);
    HWY_DYNAMIC_DISPATCH(SumRows)
    (rows, first, std::min(kRowsInFloat, rows.tokens - first), sums.data());
    for (size_t i = 0; i < dim; ++i) {
      total[i] += sums[i];
    }
  }
  std::vector<float> mean(dim);
  for (size_t i = 0; i < dim && rows.tokens > 0; ++i) {
    mean[i] = static_cast<float>(total[i] / static_cast<double>(rows.tokens));
  }
  return mean;
}

BlockSummaries SummarizeBlocks(const HeadRows& rows, int64_t block, const float* shift,
                               Similarity similarity) {
  BlockSummaries result;
  result.dim = rows.dim;
  result.blocks = (rows.tokens + block - 1) / block;
  result.means.assign(static_cast<size_t>(result.blocks * rows.dim), 0);
  const auto dim = static_cast<size_t>(rows.dim);
  const std::vector<float> nothing(shift == nullptr ? dim : 0);
  std::vector<float> unit(dim), row(dim);
  for (int64_t b = 0; b < result.blocks; ++b) {
    const int64_t count = std::min(block, rows.tokens - b * block);
    float* mean = result.means.data() + b * rows.dim;
    std::fill(unit.begin(), unit.end(), 0.0f);
    BlockSums sums{mean, unit.data(), 0, 0};
    HWY_DYNAMIC_DISPATCH(AddBlock)
    (rows, b * block, count, shift == nullptr ? nothing.data() : shift, row.data(), sums);
    AppendSummary(sums, count, similarity, result);
  }
  return result;
}

void AppendPanelSummaries(FloatType type, const std::byte* keys, int64_t first, int64_t last,
                          const float* shift, Similarity similarity, BlockSummaries& summaries) {
  const int64_t dim = summaries.dim;
  std::vector<float> unit(static_cast<size_t>(dim)),
      lanes(static_cast<size_t>(2 * dim * kKeyPanel));
  for (int64_t block = first; block < last; ++block) {
    summaries.means.resize(static_cast<size_t>((summaries.blocks + 1) * dim));
    BlockSums sums{summaries.means.data() + summaries.blocks * dim, unit.data(), 0, 0};
    HWY_DYNAMIC_DISPATCH(AddPanelBlock)
    (type, keys + block * kKeyBlock * dim * BytesOf(type), shift, dim, lanes.data(), sums);
    AppendSummary(sums, kKeyBlock, similarity, summaries);
    ++summaries.blocks;
  }
}

void ScoreMeans(const float* query, const BlockSummaries& keys, int64_t count, float scale,
                float* scores) {
  HWY_DYNAMIC_DISPATCH(Score)(query, keys.means.data(), count, keys.dim, scale, scores);
}

}  // namespace tersor::kernel
#endif  // HWY_ONCE
