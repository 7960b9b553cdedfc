#include "tersor/runtime/sparse_attention.h"

#include <limits>
#include <utility>

#include "tersor/kernel/attend_prefill.h"
#include "tersor/kernel/int8_value.h"
#include "tersor/util/parallel_for.h"

namespace tersor::runtime {
namespace {

/// Sequences of fewer key blocks are attended to as a whole: planning them costs what it spares.
constexpr int64_t kLeastBlocks = 8;

}  // namespace

SparseAttention::SparseAttention(const io::AttentionSettings& settings)
    : similarity_(settings.similarity == "gram" ? kernel::Similarity::kGram
                                                : kernel::Similarity::kCosine),
      int8_(settings.int8),
      int8_values_(settings.int8 && settings.int8_values && kernel::FastInt8Values() != nullptr) {
  for (const std::vector<io::HeadSettings>& heads : settings.layers) {
    Layer& layer = layers_.emplace_back();
    for (const io::HeadSettings& head : heads) {
      layer.selectors.push_back(kernel::SelectSparge({head.tau, head.theta}));
      layer.lambda.push_back(head.lambda == 0 ? -std::numeric_limits<float>::infinity()
                                              : static_cast<float>(head.lambda));
      layer.dense = layer.dense && head.dense();
    }
  }
}

void SparseAttention::Plan(int64_t index, KvCache& cache, kernel::AttendInput& input,
                           AttendPlan& plan) const {
  if (kernel::KeyBlocks(input.first + input.tokens) < kLeastBlocks) {
    return;
  }
  if (!layers_[static_cast<size_t>(index)].dense && input.window == 0) {
    Select(index, cache, input, plan);
  }
  if (int8_ && kernel::IsPrefill(input)) {
    plan.keys.resize(static_cast<size_t>(input.kv_heads));
    plan.values.resize(int8_values_ ? plan.keys.size() : 0);
    cache.codes().Update(index, input, plan.keys, plan.values);
    input.int8_keys = plan.keys.data();
    input.int8_values = int8_values_ ? plan.values.data() : nullptr;
  }
}

void SparseAttention::Select(int64_t index, KvCache& cache, kernel::AttendInput& input,
                             AttendPlan& plan) const {
  const Layer& layer = layers_[static_cast<size_t>(index)];
  const int64_t length = input.first + input.tokens;
  KeySummaries& summaries = cache.summaries();
  std::vector<const kernel::BlockSummaries*> keys(static_cast<size_t>(input.kv_heads));
  ParallelFor(0, input.kv_heads, 1, [&](int64_t begin, int64_t end) {
    for (int64_t h = begin; h < end; ++h) {
      keys[static_cast<size_t>(h)] =
          &summaries.Update(index, h, input.head_dim, input.type, input.keys + h * input.key_stride,
                            length, similarity_);
    }
  });
  const kernel::AttentionGrid grid{input.tokens,        length,
                                   kernel::kQueryBlock, kernel::kKeyBlock,
                                   /*causal=*/true,     input.first};
  const int64_t group = input.heads / input.kv_heads;
  std::vector<kernel::BlockPlan> plans(static_cast<size_t>(input.heads));
  ParallelFor(0, input.heads, 1, [&](int64_t begin, int64_t end) {
    for (int64_t h = begin; h < end; ++h) {
      const kernel::HeadRows rows{
          reinterpret_cast<const std::byte*>(input.query + h * input.head_dim),
          kernel::FloatType::kF32, input.tokens, input.head_dim, input.query_stride};
      const kernel::BlockSummaries queries =
          kernel::SummarizeBlocks(rows, kernel::kQueryBlock, nullptr, similarity_);
      plans[static_cast<size_t>(h)] =
          kernel::PlanAttention(grid, queries, *keys[static_cast<size_t>(h / group)], input.scale,
                                *layer.selectors[static_cast<size_t>(h)], {});
    }
  });
  plan.blocks = {};
  for (const kernel::BlockPlan& one : plans) {
    plan.blocks.Append(one);
  }
  plan.selection = plan.blocks.View();
  input.selection = &plan.selection;
  input.lambda = layer.lambda.data();
}

}  // namespace tersor::runtime
