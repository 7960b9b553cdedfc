#include "tersor/prune/allocation.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tersor/prune/allocation/allocations.h"
#include "tersor/util/error.h"

namespace tersor::prune {
namespace {

constexpr double kTolerance = 1e-9;

double Mean(std::span<const double> values, std::span<const double> sizes) {
  double sum = 0, size = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    sum += values[i] * sizes[i];
    size += sizes[i];
  }
  return sum / size;
}

}  // namespace

std::vector<double> AllocationTask::LayerSizes() const {
  std::vector<double> sizes;
  for (const LayerMembers& layer : layers) {
    double size = 0;
    for (const size_t member : layer) {
      size += static_cast<double>(matrices[member].size());
    }
    sizes.push_back(size);
  }
  return sizes;
}

std::vector<at::Tensor> AllocationTask::LayerSaliency(
    size_t layer, Metric metric, std::span<const InputEvidence> evidence) const {
  std::vector<at::Tensor> scores;
  for (const size_t member : layers[layer]) {
    const Matrix& matrix = matrices[member];
    scores.push_back(
        Saliency(metric, matrix.weight, evidence.empty() ? matrix.input : evidence[member]));
  }
  return scores;
}

std::vector<double> AllocationTask::ByMatrix(const std::vector<double>& by_layer) const {
  std::vector<double> result(matrices.size());
  for (size_t i = 0; i < layers.size(); ++i) {
    for (const size_t member : layers[i]) {
      result[member] = by_layer[i];
    }
  }
  return result;
}

std::vector<double> FitBudget(std::vector<double> values, std::span<const double> sizes,
                              double target, double low, double high) {
  TERSOR_CHECK(target >= low - kTolerance && target <= high + kTolerance, "a sparsity of ", target,
               " cannot be reached with layers between ", low, " and ", high);
  const auto shifted = [&](double by) {
    std::vector<double> result = values;
    for (double& value : result) {
      value = std::clamp(value + by, low, high);
    }
    return result;
  };
  if (std::abs(Mean(shifted(0), sizes) - target) <= kTolerance) {
    return shifted(0);
  }
  const auto [smallest, largest] = std::minmax_element(values.begin(), values.end());
  double below = low - *largest, above = high - *smallest;
  for (int i = 0; i < 100; ++i) {  // the mean grows with the shift
    const double middle = (below + above) / 2;
    (Mean(shifted(middle), sizes) < target ? below : above) = middle;
  }
  return shifted(above);
}

std::vector<double> MapToSparsity(std::span<const double> values, std::span<const double> sizes,
                                  double target, double range, bool reversed) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  std::vector<double> result;
  for (const double value : values) {
    const double share = *high > *low ? (value - *low) / (*high - *low) : 0;
    result.push_back(range * (reversed ? 1 - share : share));
  }
  const double shift = target - Mean(result, sizes);
  for (double& value : result) {
    value += shift;
  }
  return FitBudget(std::move(result), sizes, target, 0, 1);
}

std::unique_ptr<Allocation> MakeAllocation(const AllocationConfig& config) {
  using Make = std::unique_ptr<Allocation> (*)(const AllocationConfig&);
  constexpr std::pair<std::string_view, Make> kMakers[] = {
      {"uniform", MakeUniform}, {"global", MakeGlobal},
      {"er", MakeErdosRenyi},   {"er-plus", MakeErdosRenyiPlus},
      {"owl", MakeOwl},         {"alpha-pruning", MakeAlphaPruning},
      {"dlp", MakeDlp},         {"atp", MakeAtp},
      {"dsa", MakeDsa},         {"mrp", MakeMrp},
  };
  for (const auto& [name, make] : kMakers) {
    if (config.name == name) {
      return make(config);
    }
  }
  FailUsage("unknown allocation ", config.name, "; there are: ", kAllocationNames);
}

}  // namespace tersor::prune
