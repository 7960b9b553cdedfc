#include "tersor/attention/oracle.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <limits>
#include <numeric>

namespace tersor::attention {
namespace {

class Oracle : public BlockPlanner {
 public:
  explicit Oracle(double mass) : mass_(mass) {}

  kernel::BlockPlan Plan(const nn::AttentionInput& in) const override {
    const at::NoGradGuard no_grad;
    const int64_t group = in.query.size(1) / in.key.size(1);
    kernel::BlockPlan plan;
    for (int64_t b = 0; b < in.query.size(0); ++b) {
      for (int64_t h = 0; h < in.query.size(1); ++h) {
        const at::Tensor query = in.query.select(0, b).select(0, h);
        const at::Tensor key = in.key.select(0, b).select(0, h / group);
        for (int64_t first = 0; first < query.size(0); first += kernel::kQueryBlock) {
          std::vector<uint8_t> keep = Choose(BlockMass(in, query, key, first));
          if (in.causal) {  // as the others do: each query sees itself
            const int64_t last = std::min(first + kernel::kQueryBlock, query.size(0)) - 1;
            std::fill(keep.begin() + first / kernel::kKeyBlock,
                      keep.begin() + last / kernel::kKeyBlock + 1, uint8_t{1});
          }
          plan.AppendRow(keep);
        }
      }
    }
    return plan;
  }

  const std::vector<float>& lambda() const override { return no_lambda_; }

 private:
  /// Probability of each key block, summed over the queries from `first` on: float32 [key blocks].
  static at::Tensor BlockMass(const nn::AttentionInput& in, const at::Tensor& query,
                              const at::Tensor& key, int64_t first) {
    const int64_t count = std::min(kernel::kQueryBlock, query.size(0) - first), keys = key.size(0);
    at::Tensor scores = at::mm(query.narrow(0, first, count), key.t()).mul_(in.scale);
    const at::Tensor behind =
        at::arange(first, first + count).unsqueeze(1) - at::arange(keys).unsqueeze(0);
    at::Tensor hidden = in.causal ? behind < 0 : at::zeros_like(behind, at::kBool);
    if (in.window > 0) {
      hidden.logical_or_(behind.abs() >= in.window);
    }
    scores.masked_fill_(hidden, -std::numeric_limits<float>::infinity());
    const int64_t blocks = kernel::KeyBlocks(keys);
    const at::Tensor by_key = at::softmax(scores, -1).sum(0);
    return at::constant_pad_nd(by_key, {0, blocks * kernel::kKeyBlock - keys})
        .view({blocks, kernel::kKeyBlock})
        .sum(1);
  }

  std::vector<uint8_t> Choose(const at::Tensor& block_mass) const {
    const auto* mass = block_mass.data_ptr<float>();
    std::vector<int64_t> order(static_cast<size_t>(block_mass.numel()));
    std::iota(order.begin(), order.end(), int64_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](int64_t a, int64_t b) { return mass[a] > mass[b]; });
    const double wanted = mass_ * std::accumulate(mass, mass + order.size(), 0.0);
    std::vector<uint8_t> keep(order.size());
    double reached = 0;
    for (const int64_t block : order) {
      if (mass[block] == 0 || reached >= wanted) {
        break;
      }
      keep[static_cast<size_t>(block)] = 1;
      reached += mass[block];
    }
    return keep;
  }

  double mass_;
  std::vector<float> no_lambda_;
};

}  // namespace

std::unique_ptr<BlockPlanner> PlanByOracle(double mass) { return std::make_unique<Oracle>(mass); }

}  // namespace tersor::attention
