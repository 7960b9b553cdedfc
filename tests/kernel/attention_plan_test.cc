#include "tersor/kernel/attention_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "each_target.h"
#include "tersor/kernel/attend.h"
#include "tersor/kernel/hilbert.h"
#include "tersor/util/error.h"
#include "tersor/util/half.h"

namespace tersor::kernel {
namespace {

HeadRows Rows(const std::vector<float>& values, int64_t dim) {
  return {reinterpret_cast<const std::byte*>(values.data()), FloatType::kF32,
          static_cast<int64_t>(values.size()) / dim, dim, dim};
}

std::pair<double, double> BothSimilarities(const std::vector<float>& values, int64_t dim) {
  const HeadRows rows = Rows(values, dim);
  return {SummarizeBlocks(rows, rows.tokens, nullptr, Similarity::kCosine).similarity.at(0),
          SummarizeBlocks(rows, rows.tokens, nullptr, Similarity::kGram).similarity.at(0)};
}

TEST(SummarizeBlocks, KnownSimilarities) {
  ForEachTarget([] {
    const auto expect = [](const std::vector<float>& values, int64_t dim, double cosine,
                           double gram) {
      const auto [by_cosine, by_gram] = BothSimilarities(values, dim);
      EXPECT_NEAR(by_cosine, cosine, 1e-6);
      EXPECT_NEAR(by_gram, gram, 1e-6);
    };
    expect({3, 4, 4, 3}, 2, .98, .98);
    expect({1, 0, 2, 0}, 2, 1, .5625);
    expect({1, 0, 0, 1}, 2, .5, .5);
    expect({1, 0, -1, 0}, 2, 0, 0);
    expect({1, 0, 1, 0, 1, 0, -1, 0}, 2, .25, .25);
    expect({1, 2, 2, 2, 1, 2, 2, 2, 1, 0, 0, 3}, 3, .791667, .791667);
    expect({0, 0, 0, 0}, 2, 0, 0);
  });
}

/// The definition in double.
void ExpectSummary(const std::vector<double>& rows, int64_t dim, int64_t block,
                   const BlockSummaries& got) {
  const auto tokens = std::ssize(rows) / dim;
  ASSERT_EQ(got.blocks, (tokens + block - 1) / block);
  for (int64_t b = 0; b < got.blocks; ++b) {
    const int64_t first = b * block, last = std::min(tokens, first + block);
    const auto dot = [&](int64_t r, int64_t s) {
      return std::inner_product(rows.begin() + r * dim, rows.begin() + (r + 1) * dim,
                                rows.begin() + s * dim, 0.0);
    };
    double cosines = 0, largest = 0;
    for (int64_t r = first; r < last; ++r) {
      for (int64_t s = first; s < last; ++s) {
        cosines += dot(r, s) / std::sqrt(dot(r, r) * dot(s, s));
      }
    }
    const auto count = static_cast<double>(last - first);
    EXPECT_NEAR(got.similarity[static_cast<size_t>(b)], cosines / count / count, 2e-6);
    for (int64_t i = 0; i < dim; ++i) {
      double mean = 0;
      for (int64_t r = first; r < last; ++r) {
        mean += rows[static_cast<size_t>(r * dim + i)] / count;
        largest = std::max(largest, std::abs(rows[static_cast<size_t>(r * dim + i)]));
      }
      EXPECT_NEAR(got.mean(b)[i], mean, 2e-6);
    }
    EXPECT_NEAR(got.largest[static_cast<size_t>(b)], largest, 1e-6);
  }
}

TEST(SummarizeBlocks, EqualsItsDefinitionOnOddShapes) {
  ForEachTarget([] {
    for (const int64_t dim : {1, 3, 16, 72}) {
      for (const int64_t tokens : {1, 7, 64, 150}) {
        const int64_t stride = dim + 5;
        std::vector<float> values = Noise(static_cast<size_t>(tokens * stride), 1);
        const std::vector<float> shift = Noise(static_cast<size_t>(dim), 2);
        std::vector<uint16_t> halves;
        for (const float value : values) {
          halves.push_back(FloatToBF16(value));
        }
        for (const bool bf16 : {false, true}) {
          HeadRows rows{reinterpret_cast<const std::byte*>(values.data()), FloatType::kF32, tokens,
                        dim, stride};
          if (bf16) {
            rows.data = reinterpret_cast<const std::byte*>(halves.data());
            rows.type = FloatType::kBF16;
          }
          std::vector<double> shifted;
          for (int64_t r = 0; r < tokens; ++r) {
            for (int64_t i = 0; i < dim; ++i) {
              const auto at = static_cast<size_t>(r * stride + i);
              shifted.push_back((bf16 ? BF16ToFloat(halves[at]) : values[at]) -
                                shift[static_cast<size_t>(i)]);
            }
          }
          ExpectSummary(shifted, dim, 64,
                        SummarizeBlocks(rows, 64, shift.data(), Similarity::kCosine));
        }
      }
    }
  });
}

TEST(AppendPanelSummaries, AreThoseOfTheRows) {
  ForEachTarget([] {
    for (const int64_t dim : {1, 8, 30}) {
      const int64_t tokens = 3 * kKeyBlock;
      const std::vector<float> rows = Noise(static_cast<size_t>(tokens * dim), 6);
      const std::vector<float> shift = Noise(static_cast<size_t>(dim), 7);
      for (const FloatType type : {FloatType::kF32, FloatType::kBF16}) {
        std::vector<std::byte> keys(static_cast<size_t>(KeyElements(dim, tokens)) * 4);
        std::vector<std::byte> values(static_cast<size_t>(ValueElements(dim, tokens)) * 4);
        std::vector<float> rounded = rows;
        for (int64_t t = 0; t < tokens; ++t) {
          const float* row = rows.data() + t * dim;
          StoreKeyValue(type, dim, row, row, t, keys.data(), values.data());
        }
        for (float& x : rounded) {
          x = type == FloatType::kBF16 ? BF16ToFloat(FloatToBF16(x)) : x;
        }
        for (const Similarity similarity : {Similarity::kCosine, Similarity::kGram}) {
          const BlockSummaries expected =
              SummarizeBlocks(Rows(rounded, dim), kKeyBlock, shift.data(), similarity);
          BlockSummaries got;
          got.dim = dim;
          AppendPanelSummaries(type, keys.data(), 0, 2, shift.data(), similarity, got);
          AppendPanelSummaries(type, keys.data(), 2, 3, shift.data(), similarity, got);
          ASSERT_EQ(got.blocks, 3);
          for (size_t i = 0; i < got.means.size(); ++i) {
            EXPECT_NEAR(got.means[i], expected.means[i], 1e-5);
          }
          for (size_t b = 0; b < 3; ++b) {
            EXPECT_NEAR(got.similarity[b], expected.similarity[b], 1e-5);
            EXPECT_NEAR(got.largest[b], expected.largest[b], 1e-6);
          }
        }
      }
    }
  });
}

TEST(ScoreMeans, AreProductsWithTheMeans) {
  ForEachTarget([] {
    for (const int64_t dim : {1, 7, 16, 72}) {
      const std::vector<float> rows = Noise(static_cast<size_t>(9 * dim), 4);
      const std::vector<float> query = Noise(static_cast<size_t>(dim), 5);
      const BlockSummaries keys = SummarizeBlocks(Rows(rows, dim), 1, nullptr, Similarity::kCosine);
      for (const int64_t count : {0, 1, 4, 9}) {
        std::vector<float> scores(9, -1);
        ScoreMeans(query.data(), keys, count, .5f, scores.data());
        for (int64_t j = 0; j < 9; ++j) {
          double dot = 0;
          for (int64_t i = 0; i < dim; ++i) {
            dot += .5 * query[static_cast<size_t>(i)] * rows[static_cast<size_t>(j * dim + i)];
          }
          EXPECT_NEAR(scores[static_cast<size_t>(j)], j < count ? dot : -1, 1e-5);
        }
      }
    }
  });
}

TEST(MeanRow, IsTheMean) {
  ForEachTarget([] {
    std::vector<float> values = Noise(1000 * 5, 3);
    for (float& value : values) {
      value += 100;
    }
    const std::vector<float> mean = MeanRow(Rows(values, 5));
    for (size_t i = 0; i < 5; ++i) {
      double sum = 0;
      for (size_t r = 0; r < 1000; ++r) {
        sum += values[r * 5 + i];
      }
      EXPECT_NEAR(mean[i], sum / 1000, 1e-4);
    }
  });
}

std::vector<int> Chosen(const BlockSelector& selector, const std::vector<float>& scores,
                        const std::vector<float>& similarity, float query_similarity = 1) {
  std::vector<uint8_t> keep(scores.size());
  selector.Select({0, query_similarity, scores, similarity, std::ssize(scores)}, keep);
  return {keep.begin(), keep.end()};
}

TEST(SelectSparge, KeepsWhatStaysWithinTau) {
  std::vector<float> scores;
  for (const double p : {.05, .5, .15, .3}) {
    scores.push_back(static_cast<float>(std::log(p)));
  }
  const std::vector<float> alike(4, 1);
  const auto chosen = [&](double tau) { return Chosen(*SelectSparge({tau, .5}), scores, alike); };
  EXPECT_EQ(chosen(.4), (std::vector<int>{0, 1, 0, 0}));  // at least one
  EXPECT_EQ(chosen(.7), (std::vector<int>{0, 1, 0, 0}));
  EXPECT_EQ(chosen(.85), (std::vector<int>{0, 1, 0, 1}));
  EXPECT_EQ(chosen(.9), (std::vector<int>{0, 1, 0, 1}));
  EXPECT_EQ(chosen(.97), (std::vector<int>{0, 1, 1, 1}));
  EXPECT_EQ(chosen(1), (std::vector<int>{1, 1, 1, 1}));
}

TEST(SelectSparge, JudgesBlocksByTheirSimilarity) {
  const std::vector<float> scores = {0, 5, 1, 9}, similarity = {.9f, .9f, .5f, .2f};
  // The fourth block is kept and takes no part in the probabilities.
  EXPECT_EQ(Chosen(*SelectSparge({.5, .4}), scores, similarity), (std::vector<int>{0, 1, 0, 1}));
  EXPECT_EQ(Chosen(*SelectSparge({.5, -1}), scores, similarity), (std::vector<int>{0, 0, 0, 1}));
  EXPECT_EQ(Chosen(*SelectSparge({.5, 1}), scores, similarity), (std::vector<int>{1, 1, 1, 1}));
  EXPECT_EQ(Chosen(*SelectSparge({.5, .4}), scores, similarity, .3f),
            (std::vector<int>{1, 1, 1, 1}));
  EXPECT_EQ(Chosen(*SelectSparge({.5, .5}), scores, {.1f, .2f, .3f, .4f}),
            (std::vector<int>{1, 1, 1, 1}));  // nothing is left for the softmax
}

TEST(Selectors, OfTheBaselines) {
  std::vector<float> scores;
  for (const double p : {.05, .5, .15, .3}) {
    scores.push_back(static_cast<float>(std::log(p)));
  }
  const std::vector<float> unlike(4, 0);
  EXPECT_EQ(Chosen(*SelectCumulative(.79), scores, unlike), (std::vector<int>{0, 1, 0, 1}));
  EXPECT_EQ(Chosen(*SelectCumulative(.81), scores, unlike), (std::vector<int>{0, 1, 1, 1}));
  EXPECT_EQ(Chosen(*SelectTopShare(.75), scores, unlike), (std::vector<int>{0, 1, 1, 1}));
  EXPECT_EQ(Chosen(*SelectTopShare(0), scores, unlike), (std::vector<int>{0, 1, 0, 0}));
  EXPECT_EQ(Chosen(*SelectWindow(1, 2), scores, unlike), (std::vector<int>{1, 0, 1, 1}));
  EXPECT_EQ(Chosen(*SelectWindow(9, 9), scores, unlike), (std::vector<int>{1, 1, 1, 1}));
  EXPECT_EQ(Chosen(*SelectAll(), scores, unlike), (std::vector<int>{1, 1, 1, 1}));
  EXPECT_THROW(SelectSparge({1.1, 0}), Error);
  EXPECT_THROW(SelectSparge({.5, 2}), Error);
  EXPECT_THROW(SelectTopShare(-1), Error);
  EXPECT_THROW(SelectCumulative(NAN), Error);
  EXPECT_THROW(SelectWindow(0, 0), Error);
}

std::vector<std::vector<int>> RowsOf(const BlockPlan& plan) {
  std::vector<std::vector<int>> rows;
  for (size_t i = 0; i + 1 < plan.offsets.size(); ++i) {
    rows.emplace_back(plan.indices.begin() + plan.offsets[i],
                      plan.indices.begin() + plan.offsets[i + 1]);
  }
  return rows;
}

/// The small case of SpargeAttn's definitions: eight tokens, two query blocks, four key blocks.
struct SmallCase {
  std::vector<float> q = {2, 0, 2, .2f, 2, -.2f, 2, 0, 0, 2, .2f, 2, -.2f, 2, 0, 2};
  std::vector<float> k = {2, 0, 2, .1f, 0, 2, .1f, 2, -2, 0, -2, .1f, 1, 1, -1, -1};
  AttentionGrid grid{8, 8, 4, 2, false, 0};
  BlockSummaries queries = SummarizeBlocks(Rows(q, 2), 4, nullptr, Similarity::kCosine);
  BlockSummaries keys = SummarizeBlocks(Rows(k, 2), 2, nullptr, Similarity::kCosine);

  std::vector<std::vector<int>> Plan(double tau, double theta) const {
    const auto scale = static_cast<float>(1 / std::sqrt(2.0));
    return RowsOf(PlanAttention(grid, queries, keys, scale, *SelectSparge({tau, theta}), {}));
  }
};

TEST(PlanAttention, SmallCase) {
  const SmallCase c;
  EXPECT_NEAR(c.queries.similarity[0], .995043, 1e-5);
  EXPECT_NEAR(c.queries.similarity[1], .995043, 1e-5);
  EXPECT_NEAR(c.keys.similarity[0], .999376, 1e-5);
  EXPECT_NEAR(c.keys.similarity[3], 0, 1e-6);
  using R = std::vector<std::vector<int>>;
  EXPECT_EQ(c.Plan(.9, .5), (R{{0, 3}, {1, 3}}));
  EXPECT_EQ(c.Plan(.98, .5), (R{{0, 3}, {0, 1, 3}}));
  EXPECT_EQ(c.Plan(.9, -1), (R{{0}, {0, 1}}));
  EXPECT_EQ(c.Plan(1, -1), (R{{0, 1, 2, 3}, {0, 1, 2, 3}}));
  EXPECT_EQ(c.Plan(.5, 1), (R{{0, 1, 2, 3}, {0, 1, 2, 3}}));
}

/// softmax(Q Kᵀ / sqrt 2) V of the small case over the planned blocks only.
std::vector<double> SmallCaseOutput(const SmallCase& c, const BlockPlan& plan) {
  const std::vector<double> v = {1, 0, 1, 0, 0, 1, 0, 1, 5, 5, 5, 5, 2, -2, 3, -3};
  const std::vector<std::vector<int>> rows = RowsOf(plan);
  std::vector<double> out;
  for (size_t t = 0; t < 8; ++t) {
    double total = 0, x = 0, y = 0;
    for (const int block : rows[t / 4]) {
      for (size_t s = 2 * static_cast<size_t>(block); s < 2 * static_cast<size_t>(block) + 2; ++s) {
        const double weight =
            std::exp((c.q[2 * t] * c.k[2 * s] + c.q[2 * t + 1] * c.k[2 * s + 1]) / std::sqrt(2.0));
        total += weight;
        x += weight * v[2 * s];
        y += weight * v[2 * s + 1];
      }
    }
    out.push_back(x / total);
    out.push_back(y / total);
  }
  return out;
}

TEST(PlanAttention, SmallCaseErrorsAreThePapersRelativeL1) {
  const SmallCase c;
  const auto scale = static_cast<float>(1 / std::sqrt(2.0));
  const auto output = [&](double tau, double theta) {
    return SmallCaseOutput(
        c, PlanAttention(c.grid, c.queries, c.keys, scale, *SelectSparge({tau, theta}), {}));
  };
  const std::vector<double> dense = output(1, -1), sparse = output(.9, .5);
  EXPECT_NEAR(dense[0], 1.072173, 1e-5);
  EXPECT_NEAR(dense[1], -.153540, 1e-5);
  EXPECT_NEAR(sparse[0], 1.120424, 1e-5);
  EXPECT_NEAR(sparse[1], -.234483, 1e-5);
  const auto error = [&](const std::vector<double>& out) {
    double difference = 0, total = 0;
    for (size_t i = 0; i < out.size(); ++i) {
      difference += std::abs(out[i] - dense[i]);
      total += std::abs(dense[i]);
    }
    return difference / total;
  };
  EXPECT_NEAR(error(sparse), .235004, 1e-5);
  EXPECT_NEAR(error(output(.98, .5)), .232580, 1e-5);
  EXPECT_NEAR(error(output(.9, -1)), .302499, 1e-5);
}

TEST(PlanHeads, PlansEachHeadByItsOwnSelector) {
  constexpr int64_t kTokens = 400, kDim = 8;
  const std::vector<float> q = Noise(2 * 4 * kTokens * kDim, 7),
                           k = Noise(2 * 2 * kTokens * kDim, 8);
  FlashAttentionInput in;
  in.batch = 2;
  in.heads = 4;
  in.kv_heads = 2;
  in.queries = in.keys = kTokens;
  in.dim = kDim;
  in.causal = true;
  const auto view = [&](const std::vector<float>& values, int64_t heads) {
    return HeadsView{reinterpret_cast<const std::byte*>(values.data()), FloatType::kF32,
                     heads * kTokens * kDim, kTokens * kDim, kDim};
  };
  in.query = view(q, 4);
  in.key = in.value = view(k, 2);
  const auto all = SelectAll(), few = SelectSparge({.2, -1});
  const std::vector<const BlockSelector*> selectors = {all.get(), few.get(), few.get(), all.get()};
  const BlockPlan plan = PlanHeads(in, selectors, Similarity::kCosine, {});
  const std::vector<std::vector<int>> rows = RowsOf(plan);
  ASSERT_EQ(rows.size(), 2U * 4 * 4);
  const AttentionGrid grid{kTokens, kTokens, kQueryBlock, kKeyBlock, true, 0};
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto visible = static_cast<size_t>(grid.VisibleBlocks(static_cast<int64_t>(i % 4)));
    const bool dense = i / 4 % 4 == 0 || i / 4 % 4 == 3;
    EXPECT_EQ(rows[i].size() == visible, dense || i % 4 == 0) << i;
  }
  EXPECT_THROW(PlanHeads(in, std::span(selectors).first(3), Similarity::kCosine, {}), Error);
}

TEST(AttentionGrid, CausalRowsSeeWhatLiesBehindThem) {
  const AttentionGrid grid{300, 300, 128, 64, true, 0};
  EXPECT_EQ(grid.VisibleBlocks(0), 2);
  EXPECT_EQ(grid.VisibleBlocks(1), 4);
  EXPECT_EQ(grid.VisibleBlocks(2), 5);
  EXPECT_EQ(grid.DiagonalBlock(1), 2);
  EXPECT_EQ(grid.VisiblePairs(), 11);
  const AttentionGrid late{10, 300, 128, 64, true, 290};  // a short piece at the end
  EXPECT_EQ(late.VisibleBlocks(0), 5);
  EXPECT_EQ(late.DiagonalBlock(0), 4);
  const AttentionGrid full{300, 200, 128, 64, false, 0};
  EXPECT_EQ(full.VisiblePairs(), 3 * 4);
}

TEST(PlanAttention, CausalRowsKeepTheirDiagonalAndNothingAhead) {
  const std::vector<float> q = Noise(300 * 8, 5), k = Noise(300 * 8, 6);
  const AttentionGrid grid{300, 300, 128, 64, true, 0};
  const BlockSummaries queries = SummarizeBlocks(Rows(q, 8), 128, nullptr, Similarity::kCosine);
  const BlockSummaries keys = SummarizeBlocks(Rows(k, 8), 64, nullptr, Similarity::kCosine);
  const BlockPlan few =
      PlanAttention(grid, queries, keys, 1, *SelectSparge({0, -1}), {.keep_diagonal = true});
  const std::vector<std::vector<int>> rows = RowsOf(few);
  for (int64_t i = 0; i < grid.query_blocks(); ++i) {
    const std::vector<int>& row = rows[static_cast<size_t>(i)];
    for (int64_t j = grid.DiagonalBlock(i); j < grid.VisibleBlocks(i); ++j) {
      EXPECT_NE(std::ranges::find(row, j), row.end()) << i;
    }
    EXPECT_LT(row.back(), grid.VisibleBlocks(i));
  }
  EXPECT_EQ(RowsOf(PlanAttention(grid, queries, keys, 1, *SelectWindow(0, 1),
                                 {.keep_diagonal = false, .keep_first = true})),
            (std::vector<std::vector<int>>{{0, 1}, {0, 3}, {0, 4}}));
  EXPECT_THROW(PlanAttention({128, 300, 128, 64, true, 0}, queries, keys, 1, *SelectAll(), {}),
               Error);
}

/// A smooth random field over t x h x w cells: sums of waves of a few cells' length, dim values
/// each.
std::vector<float> SmoothField(int64_t side, int64_t dim) {
  const std::vector<float> noise = Noise(static_cast<size_t>(dim * 8 * 4), 9);
  std::vector<float> field;
  for (int64_t cell = 0; cell < side * side * side; ++cell) {
    const double t = static_cast<double>(cell / side / side),
                 h = static_cast<double>(cell / side % side), w = static_cast<double>(cell % side);
    for (int64_t i = 0; i < dim; ++i) {
      double value = 0;
      for (int64_t wave = 0; wave < 8; ++wave) {
        const float* f = noise.data() + (i * 8 + wave) * 4;
        value += std::cos(.35 * (f[0] * t + f[1] * h + f[2] * w) + 6 * f[3]);
      }
      field.push_back(static_cast<float>(value));
    }
  }
  return field;
}

TEST(HilbertOrder, BlocksOfASmoothFieldAreMoreAlikeThanInRows) {
  constexpr int64_t kSide = 16, kDim = 16;
  const std::vector<float> field = SmoothField(kSide, kDim);
  const auto mean_similarity = [&](const std::vector<int32_t>& order) {
    std::vector<float> tokens;
    for (const int32_t cell : order) {
      tokens.insert(tokens.end(), field.begin() + cell * kDim, field.begin() + (cell + 1) * kDim);
    }
    const BlockSummaries summaries =
        SummarizeBlocks(Rows(tokens, kDim), 64, nullptr, Similarity::kCosine);
    return std::accumulate(summaries.similarity.begin(), summaries.similarity.end(), 0.0) /
           static_cast<double>(summaries.blocks);
  };
  std::vector<int32_t> rows(kSide * kSide * kSide), random(rows.size());
  std::iota(rows.begin(), rows.end(), 0);
  for (size_t i = 0; i < random.size(); ++i) {
    random[i] = static_cast<int32_t>(i * 1597 % random.size());  // an odd step visits all
  }
  const double hilbert = mean_similarity(HilbertOrder(kSide, kSide, kSide));
  EXPECT_GT(hilbert, mean_similarity(rows));
  EXPECT_GT(mean_similarity(rows), mean_similarity(random));
}

}  // namespace
}  // namespace tersor::kernel
