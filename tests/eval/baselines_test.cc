#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "tersor/eval/ngram.h"
#include "tersor/eval/xz.h"
#include "tersor/util/error.h"
#include "tersor/util/rng.h"

namespace tersor::eval {
namespace {

std::vector<int32_t> RandomStream(size_t size, uint64_t vocab, uint64_t seed) {
  const Rng rng(seed);
  std::vector<int32_t> stream(size);
  for (size_t i = 0; i < size; ++i) {
    // Skewed, so that counts of one, two, three and more all occur.
    stream[i] = static_cast<int32_t>(rng.Below(2 * i, rng.Below(2 * i + 1, vocab) + 1));
  }
  return stream;
}

TEST(NgramModel, ProbabilitiesSumToOne) {
  for (const int order : {1, 2, 3, 5, 8}) {
    const std::vector<int32_t> stream = RandomStream(600, 7, 1);
    const NgramModel model(stream, order, 9);  // Tokens 7 and 8 never occur.
    const std::vector<std::vector<int32_t>> contexts = {{},
                                                        {0},
                                                        {6, 5},
                                                        {8},
                                                        {1, 8, 0},
                                                        {0, 1, 0, 2, 0, 1, 0, 3, 1},
                                                        {stream.begin(), stream.begin() + 9}};
    for (const std::vector<int32_t>& context : contexts) {
      double sum = 0;
      for (int32_t token = 0; token < 9; ++token) {
        const double p = model.Probability(context, token);
        EXPECT_GT(p, 0);
        sum += p;
      }
      EXPECT_NEAR(sum, 1, 1e-12);
    }
  }
}

TEST(NgramModel, BigramByHand) {
  // Pairs of 0 1 0 1 0 2 0 0 1: 01 three times, 10 and 02 and 20 and 00: two, one, one, one.
  const std::vector<int32_t> stream = {0, 1, 0, 1, 0, 2, 0, 0, 1};
  const NgramModel model(stream, 2, 3);
  // Bigram counts of counts: n1 = 3, n2 = 1, n3 = 1, n4 = 0, so Y = 3/5, D1 = 1 - 2 Y / 3 = 0.6,
  // D2 = 2 - 3 Y = 0.2, D3 = 3.
  // Different tokens before 0: {1, 2, 0}, before 1: {0}, before 2: {0}; total 5. Their counts of
  // counts: n1 = 2, n2 = 0, n3 = 1: Y = 1, D1 = 1, D2 = (no count) unused, D3 = 3.
  // Unigram: left over (1 + 1 + 3) / 5 = 1 of 1/3 each.
  const double below = 1.0 / 3;
  // Context 0 has 5 occurrences: 1 three times (D3 = 3 leaves 0), 2 and 0 once each.
  const double left_over = (0.6 * 2 + 3) / 5;
  EXPECT_NEAR(model.Probability(std::vector<int32_t>{0}, 1), 0 + left_over * below, 1e-12);
  EXPECT_NEAR(model.Probability(std::vector<int32_t>{0}, 2), 0.4 / 5 + left_over * below, 1e-12);
  EXPECT_NEAR(model.Probability(std::vector<int32_t>{1}, 0), 1.8 / 2 + 0.2 / 2 * below, 1e-12);
}

/// The textbook's recursion on maps of vectors, written without looking at keys or sorting.
double Definition(const std::vector<int32_t>& stream, std::vector<int32_t> context, int32_t token,
                  size_t order, size_t highest) {
  if (order == 0) {
    return 1.0 / 12;
  }
  const auto count = [&](const std::vector<int32_t>& gram) {
    std::set<std::vector<int32_t>> longer;  // distinct n-grams of the highest order ending in gram
    double occurrences = 0;
    for (size_t i = 0; i + highest <= stream.size(); ++i) {
      if (gram.size() == highest) {
        occurrences += std::equal(gram.begin(), gram.end(), stream.begin() + static_cast<long>(i));
      } else {
        const auto end = stream.begin() + static_cast<long>(i + highest);
        if (std::equal(gram.begin(), gram.end(), end - static_cast<long>(gram.size()))) {
          longer.emplace(end - static_cast<long>(gram.size()) - 1, end);
        }
      }
    }
    return gram.size() == highest ? occurrences : static_cast<double>(longer.size());
  };
  // Counts of counts over all grams of this order.
  std::set<std::vector<int32_t>> grams;
  for (size_t i = 0; i + highest <= stream.size(); ++i) {
    const auto end = stream.begin() + static_cast<long>(i + highest);
    grams.emplace(end - static_cast<long>(order), end);
  }
  double n[5] = {};
  for (const auto& gram : grams) {
    const double c = count(gram);
    if (c <= 4) {
      ++n[static_cast<int>(c)];
    }
  }
  // Small texts leave counts of counts at zero; ngram.cc says what it takes then.
  const double y = n[1] + 2 * n[2] > 0 ? n[1] / (n[1] + 2 * n[2]) : 0.5;
  double d[4] = {};
  for (int i = 1; i <= 3; ++i) {
    d[i] = std::clamp(n[i] > 0 ? i - (i + 1) * y * n[i + 1] / n[i] : y, 0.0, double(i));
  }
  const std::vector<int32_t> shorter(context.empty() ? context.begin() : context.begin() + 1,
                                     context.end());
  const double below = Definition(stream, shorter, token, order - 1, highest);
  double total = 0, left_over = 0, kept = 0;
  for (const auto& gram : grams) {
    if (std::equal(context.begin(), context.end(), gram.begin())) {
      const double c = count(gram), discount = d[std::min(3, static_cast<int>(c))];
      total += c;
      left_over += discount;
      kept += gram.back() == token ? c - discount : 0;
    }
  }
  return total > 0 ? (kept + left_over * below) / total : below;
}

TEST(NgramModel, AgreesWithTheDefinition) {
  const std::vector<int32_t> stream = RandomStream(400, 12, 4);
  const NgramModel model(stream, 3, 12);
  for (const std::vector<int32_t>& context :
       {std::vector<int32_t>{0, 1}, {2, 0}, {3, 3}, {11, 11}}) {
    for (int32_t token = 0; token < 12; token += 3) {
      EXPECT_NEAR(model.Probability(context, token), Definition(stream, context, token, 3, 3),
                  1e-9);
    }
  }
}

TEST(NgramModel, LearnsWhatRepeats) {
  std::vector<int32_t> stream;
  for (int i = 0; i < 500; ++i) {
    stream.push_back(i % 5);
  }
  const NgramModel model(stream, 3, 5);
  EXPECT_LT(model.NegativeLogLikelihood(stream) / 499, 0.1);
  EXPECT_GT(NgramModel(RandomStream(500, 5, 2), 3, 5).NegativeLogLikelihood(stream), 100);
}

TEST(NgramModel, RefusesBadInput) {
  const std::vector<int32_t> stream = {0, 1, 2};
  EXPECT_THROW(NgramModel(stream, 4, 3), Error);
  EXPECT_THROW(NgramModel(stream, 2, 2), Error);
  EXPECT_THROW(NgramModel(stream, 9, 3), Error);
}

TEST(Xz, KnowsRepetition) {
  std::string text;
  const Rng rng(1);
  for (uint64_t i = 0; i < 20000; ++i) {
    text += static_cast<char>(rng.Bits64(i));
  }
  EXPECT_GT(XzSize(text), 19000);
  EXPECT_LT(XzSize(text + text) - XzSize(text), 1000);
}

}  // namespace
}  // namespace tersor::eval
