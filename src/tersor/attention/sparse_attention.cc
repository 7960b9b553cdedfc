#include "tersor/attention/sparse_attention.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "tersor/attention/oracle.h"
#include "tersor/op/attention.h"
#include "tersor/util/error.h"

namespace tersor::attention {
namespace {

using Selectors = std::vector<std::shared_ptr<const kernel::BlockSelector>>;

class MeansPlanner : public BlockPlanner {
 public:
  MeansPlanner(Selectors selectors, std::vector<float> lambda, kernel::Similarity similarity,
               const kernel::PlanOptions& options)
      : owned_(std::move(selectors)),
        lambda_(std::move(lambda)),
        similarity_(similarity),
        options_(options) {
    for (const auto& selector : owned_) {
      selectors_.push_back(selector.get());
    }
  }

  kernel::BlockPlan Plan(const nn::AttentionInput& in) const override {
    return kernel::PlanHeads(
        op::FlashInput(in.query, in.key, in.value, in.scale, {in.causal, in.window}), selectors_,
        similarity_, options_);
  }

  const std::vector<float>& lambda() const override { return lambda_; }

 private:
  Selectors owned_;
  std::vector<const kernel::BlockSelector*> selectors_;
  std::vector<float> lambda_;
  kernel::Similarity similarity_;
  kernel::PlanOptions options_;
};

double SecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void CheckFinite(const char* what, const at::Tensor& x) {
  // A sum is not finite where an element is not; of finite ones it is, short of 1e38.
  TERSOR_CHECK(at::isfinite(x.detach().sum(at::kDouble)).item<bool>(), "attention: the ", what,
               " are not finite (NaN or infinite)");
}

/// SpargeAttn's selector of a head.
std::shared_ptr<const kernel::BlockSelector> SpargeHead(const io::HeadSettings& head) {
  return kernel::SelectSparge({head.tau, head.theta});
}

float LambdaOf(const io::HeadSettings& head) {
  return head.lambda == 0 ? -std::numeric_limits<float>::infinity()
                          : static_cast<float>(head.lambda);
}

std::unique_ptr<BlockPlanner> SpargePlanner(const AttentionConfig& config, size_t layer,
                                            int64_t heads) {
  std::vector<io::HeadSettings> settings(static_cast<size_t>(heads),
                                         {config.tau, config.theta, config.lambda});
  kernel::Similarity similarity = config.similarity_kind();
  if (config.tuned) {
    settings = config.tuned->layers.at(layer);
    similarity = config.tuned->similarity == "gram" ? kernel::Similarity::kGram
                                                    : kernel::Similarity::kCosine;
  }
  Selectors selectors;
  std::vector<float> lambda;
  for (const io::HeadSettings& head : settings) {
    selectors.push_back(SpargeHead(head));
    lambda.push_back(LambdaOf(head));
  }
  return PlanByMeans(std::move(selectors), std::move(lambda), similarity,
                     {.keep_diagonal = true, .keep_first = config.keep_first});
}

}  // namespace

double SparsityCounts::Sparsity() const {
  if (visible == 0) {
    return 0;
  }
  const auto skipped = static_cast<double>(visible - done.blocks);
  const double spared = done.groups == 0 ? 0
                                         : static_cast<double>(done.blocks) *
                                               static_cast<double>(done.skipped_groups) /
                                               static_cast<double>(done.groups);
  return (2 * skipped + spared) / (2 * static_cast<double>(visible));
}

int64_t VisiblePairs(const nn::AttentionInput& in) {
  const int64_t queries = in.query.size(2);
  const kernel::AttentionMask mask{in.causal, in.window, in.key.size(2)};
  int64_t pairs = 0;
  for (int64_t first = 0; first < queries; first += kernel::kQueryBlock) {
    const kernel::BlockRange seen =
        kernel::SeenBlocks(mask, first, std::min(kernel::kQueryBlock, queries - first));
    pairs += seen.last - seen.first;
  }
  return in.query.size(0) * in.query.size(1) * pairs;
}

std::unique_ptr<BlockPlanner> MakePlanner(const AttentionConfig& config, size_t layer,
                                          int64_t heads) {
  if (config.name == "sparge") {
    return SpargePlanner(config, layer, heads);
  }
  if (config.name == "oracle") {
    return PlanByOracle(config.gamma);
  }
  const std::shared_ptr<const kernel::BlockSelector> selector =
      config.name == "top-share"    ? kernel::SelectTopShare(config.share)
      : config.name == "cumulative" ? kernel::SelectCumulative(config.gamma)
                                    : kernel::SelectWindow(config.sinks, config.recent);
  return PlanByMeans(Selectors(static_cast<size_t>(heads), selector), {}, config.similarity_kind(),
                     {.keep_diagonal = true, .keep_first = config.keep_first});
}

std::unique_ptr<BlockPlanner> PlanByMeans(Selectors selectors, std::vector<float> lambda,
                                          kernel::Similarity similarity,
                                          const kernel::PlanOptions& options) {
  return std::make_unique<MeansPlanner>(std::move(selectors), std::move(lambda), similarity,
                                        options);
}

SparseAttention::SparseAttention(std::unique_ptr<BlockPlanner> planner,
                                 const BlockArithmetic& arithmetic, SparsityCounts* counts)
    : planner_(std::move(planner)), arithmetic_(arithmetic), counts_(counts) {}

at::Tensor SparseAttention::Attend(const nn::AttentionInput& in) {
  const auto start = std::chrono::steady_clock::now();
  CheckFinite("queries", in.query);
  CheckFinite("keys", in.key);
  CheckFinite("values", in.value);
  const kernel::BlockPlan plan = planner_->Plan(in);
  const double planning = SecondsSince(start);
  op::SparseOptions options;
  options.blocks = op::SelectedBlocks::Of(plan);
  options.lambda = planner_->lambda();
  options.int8 = arithmetic_.int8;
  options.int8_values = arithmetic_.int8_values;
  options.sum_dropped = arithmetic_.sum_dropped;
  options.counts = counts_ == nullptr ? nullptr : &counts_->done;
  at::Tensor out =
      op::SparseAttention(in.query, in.key, in.value, in.scale, {in.causal, in.window}, options);
  if (counts_ != nullptr) {
    counts_->visible += VisiblePairs(in);
    counts_->planning_seconds += planning;
    counts_->seconds += SecondsSince(start);
  }
  return out;
}

nn::AttentionFactory MakeAttention(const AttentionConfig& config, int64_t layers, int64_t heads,
                                   SparsityCounts* counts) {
  config.Validate();
  if (config.name == "dense") {
    return nn::Dense();
  }
  TERSOR_CHECK(!config.tuned || std::ssize(config.tuned->layers) == layers,
               "attention is tuned for ", config.tuned ? config.tuned->layers.size() : 0,
               " layers; the model has ", layers);
  const bool int8 = config.tuned ? config.tuned->int8 : config.int8;
  const bool int8_values = config.tuned ? config.tuned->int8_values : config.int8_values;
  const BlockArithmetic arithmetic{
      .int8 = int8, .sum_dropped = config.sum_dropped, .int8_values = int8 && int8_values};
  return [=](int64_t layer) {
    return std::make_unique<SparseAttention>(MakePlanner(config, static_cast<size_t>(layer), heads),
                                             arithmetic, counts);
  };
}

}  // namespace tersor::attention
