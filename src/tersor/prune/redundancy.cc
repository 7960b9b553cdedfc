#include "tersor/prune/redundancy.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tersor/util/parallel_for.h"

namespace tersor::prune {

LayerScores::LayerScores(std::span<const at::Tensor> scores, const Pruner& pruner) {
  std::vector<at::Tensor> matrices;
  for (const at::Tensor& matrix : scores) {
    for (const at::Tensor& sets : pruner.Sets(matrix)) {
      matrices.push_back(sets.contiguous());
    }
  }
  for (const at::Tensor& sets : matrices) {
    const int64_t count = sets.size(0), width = sets.size(1);
    const float* from = sets.data_ptr<float>();
    const auto base = static_cast<int64_t>(sets_.size());
    sets_.resize(sets_.size() + static_cast<size_t>(count));
    ParallelFor(0, count, 4, [&](int64_t first, int64_t last) {
      for (int64_t i = first; i < last; ++i) {
        Set& set = sets_[static_cast<size_t>(base + i)];
        set.sorted.assign(from + i * width, from + (i + 1) * width);
        std::sort(set.sorted.begin(), set.sorted.end());
        set.removed.resize(static_cast<size_t>(width) + 1);
        for (size_t k = 0; k < set.sorted.size(); ++k) {
          set.removed[k + 1] = set.removed[k] + set.sorted[k];
        }
      }
    });
    size_ += count * width;
  }
  for (const Set& set : sets_) {
    total_ += set.removed.back();
  }
}

RedundancyLevel LayerScores::At(double sparsity, double outlier_factor, RedundancyKind kind) const {
  const auto cut = [&](const Set& set) {  // weights that go
    return static_cast<int64_t>(
        std::floor(sparsity * static_cast<double>(set.sorted.size()) + 1e-9));
  };
  int64_t remaining = 0;
  double sum = 0;
  for (const Set& set : sets_) {
    const int64_t gone = cut(set);
    remaining += std::ssize(set.sorted) - gone;
    sum += set.removed.back() - set.removed[static_cast<size_t>(gone)];
  }
  const double mean = (kind == RedundancyKind::kAll ? sum : total_) / static_cast<double>(size_);
  const double threshold = outlier_factor * mean;
  int64_t outliers = 0;
  for (const Set& set : sets_) {
    const auto above = std::upper_bound(set.sorted.begin() + cut(set), set.sorted.end(), threshold,
                                        [](double limit, float score) { return limit < score; });
    outliers += set.sorted.end() - above;
  }
  const int64_t all = kind == RedundancyKind::kAll ? size_ : remaining;
  RedundancyLevel level;
  level.saturated = outliers == remaining;
  level.redundancy = all == 0 ? 0 : 1 - static_cast<double>(outliers) / static_cast<double>(all);
  return level;
}

double LayerScores::OutlierRatio(double outlier_factor) const {
  return 1 - At(0, outlier_factor, RedundancyKind::kAll).redundancy;
}

namespace {

std::vector<double> Ranks(std::span<const double> values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  for (size_t first = 0; first < order.size();) {
    size_t last = first;
    while (last < order.size() && values[order[last]] == values[order[first]]) {
      ++last;
    }
    for (size_t i = first; i < last; ++i) {
      ranks[order[i]] = static_cast<double>(first + last - 1) / 2;
    }
    first = last;
  }
  return ranks;
}

}  // namespace

double SpearmanCorrelation(std::span<const double> a, std::span<const double> b) {
  const std::vector<double> x = Ranks(a), y = Ranks(b);
  const double middle = (static_cast<double>(x.size()) - 1) / 2, spread = Spread(x) * Spread(y);
  double sum = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    sum += (x[i] - middle) * (y[i] - middle);
  }
  return spread == 0 ? 0 : sum / static_cast<double>(x.size()) / spread;
}

double Spread(std::span<const double> values) {
  const auto count = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
  double squares = 0;
  for (const double value : values) {
    squares += (value - mean) * (value - mean);
  }
  return std::sqrt(squares / count);
}

}  // namespace tersor::prune
