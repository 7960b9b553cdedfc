#include "attention_problem.h"

#include <cmath>
#include <cstddef>

#include "bench_row.h"
#include "tersor/util/rng.h"

namespace tersor::cli {
namespace {

std::vector<float> Noise(int64_t size, uint64_t stream, double scale) {
  const Rng rng(1, stream);
  std::vector<float> values;
  for (int64_t i = 0; i < size; ++i) {
    values.push_back(static_cast<float>(scale * rng.Normal(static_cast<uint64_t>(i))));
  }
  return values;
}

/// Adds to each number of a head's tokens a sum of waves that are some hundred tokens long.
void AddWaves(int64_t heads, int64_t tokens, int64_t dim, std::vector<float>& values) {
  constexpr int kWaves = 4;
  const Rng rng(1, 9);
  for (int64_t h = 0; h < heads; ++h) {
    for (int64_t i = 0; i < dim; ++i) {
      for (int wave = 0; wave < kWaves; ++wave) {
        const auto draw = static_cast<uint64_t>((h * dim + i) * kWaves + wave);
        const double frequency = rng.Uniform(2 * draw) / 150, phase = 7 * rng.Uniform(2 * draw + 1);
        for (int64_t t = 0; t < tokens; ++t) {
          values[static_cast<size_t>((h * tokens + t) * dim + i)] += static_cast<float>(
              std::sqrt(2.0 / kWaves) * std::cos(frequency * static_cast<double>(t) + phase));
        }
      }
    }
  }
}

}  // namespace

AttentionProblem::AttentionProblem(int64_t heads, int64_t tokens, int64_t dim, Field field)
    : heads_(heads), tokens_(tokens), dim_(dim) {
  const int64_t size = heads * tokens * dim;
  const bool smooth = field == Field::kSmooth;
  query_ = Noise(size, 1, smooth ? 0.3 : 1);
  key_ = Noise(size, 2, smooth ? 0.3 : 1);
  value_ = Noise(size, 3, 1);
  grad_out_ = Noise(size, 4, 1);
  if (smooth) {
    AddWaves(heads, tokens, dim, query_);
    AddWaves(heads, tokens, dim, key_);
  }
  out_ = grad_query_ = grad_key_ = grad_value_ = query_;
  lse_.resize(static_cast<size_t>(heads * tokens));
}

kernel::FlashAttentionInput AttentionProblem::Input() const {
  kernel::FlashAttentionInput in;
  in.heads = in.kv_heads = heads_;
  in.queries = in.keys = tokens_;
  in.dim = dim_;
  in.query = View(query_);
  in.key = View(key_);
  in.value = View(value_);
  in.scale = 1 / std::sqrt(static_cast<float>(dim_));
  in.causal = true;
  return in;
}

kernel::BlockPlan AttentionProblem::Plan(double tau, double theta) const {
  const auto selector = kernel::SelectSparge({tau, theta});
  const std::vector<const kernel::BlockSelector*> selectors(static_cast<size_t>(heads_),
                                                            selector.get());
  return kernel::PlanHeads(Input(), selectors, kernel::Similarity::kCosine, {});
}

kernel::BlockPlan AttentionProblem::PlanOfSparsity(double sparsity, double theta,
                                                   double* tau) const {
  constexpr int kSteps = 14;
  double low = 0, high = 1;
  for (int i = 0; i < kSteps; ++i) {
    const double middle = (low + high) / 2;
    (SparsityOf(Plan(middle, theta)) >= sparsity ? low : high) = middle;
  }
  *tau = low;
  return Plan(low, theta);
}

double AttentionProblem::SparsityOf(const kernel::BlockPlan& plan) const {
  kernel::AttentionGrid grid;
  grid.queries = grid.keys = tokens_;
  grid.causal = true;
  return 1 - static_cast<double>(plan.pairs()) / static_cast<double>(heads_ * grid.VisiblePairs());
}

double AttentionProblem::Forward(const kernel::FlashAttentionInput& in) {
  return SecondsOf(
      [&] { counts_ = kernel::FlashAttention(in, Output(out_), lse_.data(), workspace_); });
}

double AttentionProblem::Backward(const kernel::FlashAttentionInput& in) {
  const kernel::FlashGradients gradients{Output(grad_query_), Output(grad_key_),
                                         Output(grad_value_)};
  return SecondsOf([&] {
    kernel::FlashAttentionBackward(in, View(out_), lse_.data(), View(grad_out_), gradients,
                                   workspace_);
  });
}

double AttentionProblem::Gflop() const {
  const auto tokens = static_cast<double>(tokens_);
  return 4 * static_cast<double>(heads_ * dim_) * tokens * (tokens + 1) / 2 / 1e9;
}

kernel::HeadsView AttentionProblem::View(const std::vector<float>& data) const {
  return {reinterpret_cast<const std::byte*>(data.data()), kernel::FloatType::kF32,
          heads_ * tokens_ * dim_, tokens_ * dim_, dim_};
}

kernel::HeadsOutput AttentionProblem::Output(std::vector<float>& data) const {
  return {data.data(), heads_ * tokens_ * dim_, tokens_ * dim_, dim_};
}

}  // namespace tersor::cli
