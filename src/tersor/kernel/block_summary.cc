#include "tersor/kernel/block_summary.h"

#include <algorithm>
#include <cmath>
#include <type_traits>

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

constexpr int64_t kRowsInFloat = 256;  // that add up before a double takes over

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
    double square = 0;  // of the sum of rows: of unit ones, or as they are
    for (size_t i = 0; i < dim; ++i) {
      const double sum = similarity == Similarity::kCosine ? unit[i] : mean[i];
      square += sum * sum;
      mean[i] /= static_cast<float>(count);
    }
    const double scale = similarity == Similarity::kCosine ? 1 : sums.longest;
    const auto pairs = static_cast<double>(count) * static_cast<double>(count);
    result.similarity.push_back(scale > 0 ? static_cast<float>(square / pairs / scale) : 0);
    result.largest.push_back(sums.largest);
  }
  return result;
}

void ScoreMeans(const float* query, const BlockSummaries& keys, int64_t count, float scale,
                float* scores) {
  HWY_DYNAMIC_DISPATCH(Score)(query, keys.means.data(), count, keys.dim, scale, scores);
}

}  // namespace tersor::kernel
#endif  // HWY_ONCE
