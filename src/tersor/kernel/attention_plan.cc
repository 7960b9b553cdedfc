#include "tersor/kernel/attention_plan.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "tersor/util/error.h"
#include "tersor/util/parallel_for.h"

namespace tersor::kernel {
namespace {

constexpr float kNothing = -std::numeric_limits<float>::infinity();

/// Softmax of scores in double; those of -inf give 0, and so does a row of nothing else.
std::vector<double> Softmax(std::span<const float> scores) {
  const float highest = std::accumulate(scores.begin(), scores.end(), kNothing,
                                        [](float a, float b) { return std::max(a, b); });
  std::vector<double> result(scores.size());
  if (highest == kNothing) {
    return result;
  }
  double total = 0;
  for (size_t j = 0; j < scores.size(); ++j) {
    result[j] = std::exp(static_cast<double>(scores[j]) - highest);
    total += result[j];
  }
  for (double& p : result) {
    p /= total;
  }
  return result;
}

/// Indices by falling value; of equal ones the first comes first.
template <class T>
std::vector<int32_t> Descending(std::span<const T> values) {
  std::vector<int32_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
    return values[static_cast<size_t>(a)] > values[static_cast<size_t>(b)];
  });
  return order;
}

class AllBlocks : public BlockSelector {
 public:
  void Select(const QueryBlockView&, std::span<uint8_t> keep) const override {
    std::ranges::fill(keep, uint8_t{1});
  }
};

class SpargeBlocks : public BlockSelector {
 public:
  explicit SpargeBlocks(const SpargeSelection& options) : options_(options) {}

  void Select(const QueryBlockView& view, std::span<uint8_t> keep) const override {
    if (options_.tau >= 1 || view.similarity <= options_.theta) {
      std::ranges::fill(keep, uint8_t{1});
      return;
    }
    std::vector<float> scores(view.scores.begin(), view.scores.end());
    for (size_t j = 0; j < scores.size(); ++j) {
      if (view.key_similarity[j] <= options_.theta) {
        scores[j] = kNothing;
        keep[j] = 1;
      }
    }
    const std::vector<double> probabilities = Softmax(scores);
    double sum = 0;
    for (const int32_t j : Descending<double>(probabilities)) {
      const auto at = static_cast<size_t>(j);
      const bool first = sum == 0;
      sum += probabilities[at];
      if (probabilities[at] == 0 || (sum > options_.tau && !first)) {
        return;
      }
      keep[at] = 1;
    }
  }

 private:
  SpargeSelection options_;
};

class TopShare : public BlockSelector {
 public:
  explicit TopShare(double share) : share_(share) {}

  void Select(const QueryBlockView& view, std::span<uint8_t> keep) const override {
    const auto wanted = static_cast<size_t>(share_ * static_cast<double>(view.key_blocks));
    const std::vector<int32_t> order = Descending(view.scores);
    for (size_t i = 0; i < std::min(std::max<size_t>(1, wanted), order.size()); ++i) {
      keep[static_cast<size_t>(order[i])] = 1;
    }
  }

 private:
  double share_;
};

class Cumulative : public BlockSelector {
 public:
  explicit Cumulative(double gamma) : gamma_(gamma) {}

  void Select(const QueryBlockView& view, std::span<uint8_t> keep) const override {
    const std::vector<double> probabilities = Softmax(view.scores);
    double sum = 0;
    for (const int32_t j : Descending<double>(probabilities)) {
      keep[static_cast<size_t>(j)] = 1;
      sum += probabilities[static_cast<size_t>(j)];
      if (sum >= gamma_) {
        return;
      }
    }
  }

 private:
  double gamma_;
};

class Window : public BlockSelector {
 public:
  Window(int64_t sinks, int64_t recent) : sinks_(sinks), recent_(recent) {}

  void Select(const QueryBlockView&, std::span<uint8_t> keep) const override {
    const auto visible = std::ssize(keep);
    std::fill_n(keep.begin(), std::min(sinks_, visible), uint8_t{1});
    std::fill_n(keep.rbegin(), std::min(recent_, visible), uint8_t{1});
  }

 private:
  int64_t sinks_, recent_;
};

}  // namespace

int64_t AttentionGrid::VisibleBlocks(int64_t index) const {
  if (!causal) {
    return key_blocks();
  }
  const int64_t last = first + std::min((index + 1) * query_block, queries) - 1;
  return std::min(key_blocks(), last / key_block + 1);
}

int64_t AttentionGrid::DiagonalBlock(int64_t index) const {
  return causal ? std::min(key_blocks(), (first + index * query_block) / key_block) : key_blocks();
}

int64_t AttentionGrid::VisiblePairs() const {
  int64_t pairs = 0;
  for (int64_t i = 0; i < query_blocks(); ++i) {
    pairs += VisibleBlocks(i);
  }
  return pairs;
}

void BlockPlan::AppendRow(std::span<const uint8_t> keep) {
  for (size_t j = 0; j < keep.size(); ++j) {
    if (keep[j] != 0) {
      indices.push_back(static_cast<int32_t>(j));
    }
  }
  offsets.push_back(pairs());
}

void BlockPlan::Append(const BlockPlan& more) {
  const int64_t before = pairs();
  indices.insert(indices.end(), more.indices.begin(), more.indices.end());
  for (size_t i = 1; i < more.offsets.size(); ++i) {
    offsets.push_back(before + more.offsets[i]);
  }
}

std::unique_ptr<BlockSelector> SelectAll() { return std::make_unique<AllBlocks>(); }

std::unique_ptr<BlockSelector> SelectSparge(const SpargeSelection& options) {
  TERSOR_CHECK(options.tau >= 0 && options.tau <= 1, "tau is ", options.tau, ", not in [0, 1]");
  TERSOR_CHECK(options.theta >= -1 && options.theta <= 1, "theta is ", options.theta,
               ", not in [-1, 1]");
  return std::make_unique<SpargeBlocks>(options);
}

std::unique_ptr<BlockSelector> SelectTopShare(double share) {
  TERSOR_CHECK(share >= 0 && share <= 1, "a share of blocks is ", share, ", not in [0, 1]");
  return std::make_unique<TopShare>(share);
}

std::unique_ptr<BlockSelector> SelectCumulative(double gamma) {
  TERSOR_CHECK(gamma >= 0 && gamma <= 1, "gamma is ", gamma, ", not in [0, 1]");
  return std::make_unique<Cumulative>(gamma);
}

std::unique_ptr<BlockSelector> SelectWindow(int64_t sinks, int64_t recent) {
  TERSOR_CHECK(sinks >= 0 && recent >= 1, "a window of ", recent, " blocks with ", sinks,
               " sinks: at least the last block is seen");
  return std::make_unique<Window>(sinks, recent);
}

BlockPlan PlanAttention(const AttentionGrid& grid, const BlockSummaries& queries,
                        const BlockSummaries& keys, float scale, const BlockSelector& selector,
                        const PlanOptions& options) {
  TERSOR_CHECK(queries.blocks == grid.query_blocks() && keys.blocks == grid.key_blocks() &&
                   queries.dim == keys.dim,
               "summaries of ", queries.blocks, " and ", keys.blocks,
               " blocks do not fit a grid of ", grid.query_blocks(), " and ", grid.key_blocks());
  BlockPlan plan;
  std::vector<float> scores(static_cast<size_t>(keys.blocks));
  std::vector<uint8_t> keep(static_cast<size_t>(keys.blocks));
  for (int64_t i = 0; i < queries.blocks; ++i) {
    const auto visible = static_cast<size_t>(grid.VisibleBlocks(i));
    ScoreMeans(queries.mean(i), keys, grid.VisibleBlocks(i), scale, scores.data());
    const std::span<uint8_t> row = std::span(keep).first(visible);
    std::ranges::fill(row, uint8_t{0});
    selector.Select(
        {i, queries.similarity[static_cast<size_t>(i)], std::span(scores).first(visible),
         std::span(keys.similarity).first(visible), keys.blocks},
        row);
    if (options.keep_first && visible > 0) {
      row[0] = 1;
    }
    if (options.keep_diagonal) {
      const auto diagonal = static_cast<size_t>(grid.DiagonalBlock(i));
      std::fill(row.begin() + static_cast<std::ptrdiff_t>(std::min(diagonal, visible)), row.end(),
                uint8_t{1});
    }
    plan.AppendRow(row);
  }
  return plan;
}

BlockPlan PlanHeads(const FlashAttentionInput& in, std::span<const BlockSelector* const> selectors,
                    Similarity similarity, const PlanOptions& options) {
  TERSOR_CHECK(std::ssize(selectors) == in.heads, "a plan for ", in.heads, " heads has ",
               selectors.size(), " selectors");
  const AttentionGrid grid{in.queries, in.keys, kQueryBlock, kKeyBlock, in.causal, in.first};
  const int64_t group = in.heads / in.kv_heads;
  const auto rows = [&](const HeadsView& view, int64_t batch, int64_t head, int64_t tokens) {
    return HeadRows{view.At(batch, head, 0), view.type, tokens, in.dim, view.token_stride};
  };
  std::vector<BlockSummaries> keys(static_cast<size_t>(in.batch * in.kv_heads));
  ParallelFor(0, std::ssize(keys), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const HeadRows head = rows(in.key, i / in.kv_heads, i % in.kv_heads, in.keys);
      keys[static_cast<size_t>(i)] =
          SummarizeBlocks(head, kKeyBlock, MeanRow(head).data(), similarity);
    }
  });
  std::vector<BlockPlan> plans(static_cast<size_t>(in.batch * in.heads));
  ParallelFor(0, std::ssize(plans), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t batch = i / in.heads, h = i % in.heads;
      const BlockSummaries queries =
          SummarizeBlocks(rows(in.query, batch, h, in.queries), kQueryBlock, nullptr, similarity);
      plans[static_cast<size_t>(i)] =
          PlanAttention(grid, queries, keys[static_cast<size_t>(batch * in.kv_heads + h / group)],
                        in.scale, *selectors[static_cast<size_t>(h)], options);
    }
  });
  BlockPlan all;
  for (const BlockPlan& plan : plans) {
    all.Append(plan);
  }
  return all;
}

}  // namespace tersor::kernel
