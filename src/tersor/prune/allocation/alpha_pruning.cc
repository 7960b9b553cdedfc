// AlphaPruning: a weight matrix whose spectrum has a heavy tail is well trained and pruned less. No
// calibration. Lu et al. 2024, arXiv:2410.10912.
#include "tersor/prune/allocation/alpha_pruning.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "tersor/prune/allocation/allocations.h"

namespace tersor::prune {
namespace {

constexpr int kBins = 100;
constexpr double kSmallest = 1e-12;  // of the largest eigenvalue: below it is rounding

/// alpha of the tail that begins at `first`, and how far it is from the power law
/// (Kolmogorov-Smirnov).
struct Tail {
  double alpha = 0, distance = 0;
};

Tail FitTail(std::span<const double> e, size_t first) {
  const auto count = static_cast<double>(e.size() - first);
  double logs = 0;
  for (size_t k = first; k < e.size(); ++k) {
    logs += std::log(e[k]);
  }
  Tail tail;
  tail.alpha = 1 + count / (logs - count * std::log(e[first]));
  for (size_t k = first; k < e.size(); ++k) {
    const double expected = 1 - std::pow(e[k] / e[first], 1 - tail.alpha);
    const double seen = static_cast<double>(k - first) / count;
    tail.distance = std::max(tail.distance, std::abs(expected - seen));
  }
  return tail;
}

/// Left edge of the fullest of kBins equal bins of log10.
double Peak(std::span<const double> e) {
  const double low = std::log10(e.front()), high = std::log10(e.back());
  int counts[kBins] = {};
  for (const double value : e) {
    const double at = (std::log10(value) - low) / (high - low) * kBins;
    ++counts[std::clamp(static_cast<int>(at), 0, kBins - 1)];
  }
  const auto bin = std::max_element(std::begin(counts), std::end(counts)) - std::begin(counts);
  return std::pow(10.0, low + (high - low) * static_cast<double>(bin) / kBins);
}

class AlphaPruning : public Allocation {
 public:
  explicit AlphaPruning(const AllocationConfig& config)
      : epsilon_(config.alpha_range),
        fit_(config.alpha_fit == "mid" ? TailFit::kMid : TailFit::kPeak) {}

  std::vector<double> Allocate(const AllocationTask& task) const override {
    std::vector<double> alphas;
    for (const LayerMembers& layer : task.layers) {
      double sum = 0;
      for (const size_t member : layer) {
        sum += Exponent(task.matrices[member].weight);
      }
      alphas.push_back(sum / static_cast<double>(layer.size()));
    }
    return task.ByMatrix(MapExponents(alphas, task.LayerSizes(), task.sparsity, epsilon_));
  }

 private:
  double Exponent(const at::Tensor& weight) const {
    at::Tensor e = at::linalg_svdvals(weight.detach().to(at::kDouble)).square();
    e = std::get<0>(e.masked_select(e > kSmallest * e.max()).sort()).contiguous();
    return HillExponent({e.data_ptr<double>(), static_cast<size_t>(e.numel())}, fit_);
  }

  double epsilon_;
  TailFit fit_;
};

}  // namespace

double HillExponent(std::span<const double> e, TailFit fit) {
  if (fit == TailFit::kMid) {
    return FitTail(e, e.size() / 2).alpha;
  }
  const double peak = Peak(e);
  Tail best{0, INFINITY};
  for (size_t i = 0; i + 1 < e.size(); ++i) {
    // A tail of equal values has no exponent.
    if (e[i] > 0.95 * peak && e[i] < 1.5 * peak && e[i] < e.back()) {
      const Tail tail = FitTail(e, i);
      if (tail.distance < best.distance) {
        best = tail;
      }
    }
  }
  return std::isfinite(best.distance) ? best.alpha : FitTail(e, e.size() / 2).alpha;
}

std::vector<double> MapExponents(std::span<const double> alphas, std::span<const double> sizes,
                                 double target, double epsilon) {
  const auto [low, high] = std::minmax_element(alphas.begin(), alphas.end());
  std::vector<double> q;
  for (const double alpha : alphas) {
    const double share = *high > *low ? (alpha - *low) / (*high - *low) : 0.5;
    q.push_back(1 - epsilon + 2 * epsilon * share);
  }
  // Layers that would lose more than everything are held at 1, and the others take the rest.
  std::vector<bool> full(q.size());
  for (;;) {
    double budget = 0, weight = 0;
    for (size_t i = 0; i < q.size(); ++i) {
      budget += sizes[i] * (full[i] ? target - 1 : target);
      weight += full[i] ? 0 : sizes[i] * q[i];
    }
    const double factor = weight > 0 ? budget / weight : 0;
    bool changed = false;
    std::vector<double> result;
    for (size_t i = 0; i < q.size(); ++i) {
      result.push_back(full[i] ? 1 : factor * q[i]);
      if (result[i] > 1) {
        full[i] = changed = true;
      }
    }
    if (!changed) {
      return result;
    }
  }
}

std::unique_ptr<Allocation> MakeAlphaPruning(const AllocationConfig& config) {
  return std::make_unique<AlphaPruning>(config);
}

}  // namespace tersor::prune
