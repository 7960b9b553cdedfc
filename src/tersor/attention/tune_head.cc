#include "tersor/attention/tune_head.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "tersor/attention/sparse_attention.h"
#include "tersor/op/attention.h"
#include "tersor/util/error.h"
#include "tersor/util/interrupt.h"

namespace tersor::attention {
namespace {

constexpr double kLeastSparsity = 0.02, kHeldOutSlack = 1.25;
constexpr double kLowestLambda = -30;  // weights below e^-30 are lost in float32 anyway
// Where attention is sharp the pooled probability of all but one block is tiny, and yet some of its
// rows need them: tau is sought by the digits of 1 - tau.
constexpr double kTauDigits = 6, kTauWidth = kTauDigits / 512;
constexpr double kLambdaWidth = 0.25;
constexpr int kThetas = 16;
constexpr size_t kFiltered = 3;

at::Tensor Heads(const at::Tensor& x) { return x.unsqueeze(0).unsqueeze(0); }

nn::AttentionInput Input(const HeadSample& sample) {
  nn::AttentionInput in;
  in.query = Heads(sample.query);
  in.key = Heads(sample.key);
  in.value = Heads(sample.value);
  in.scale = sample.scale;
  in.causal = sample.causal;
  in.window = sample.window;
  return in;
}

/// Samples with their dense outputs.
class Head {
 public:
  Head(std::span<const HeadSample> samples, const TuneOptions& options)
      : samples_(samples), options_(options) {
    for (const HeadSample& sample : samples) {
      const nn::AttentionInput in = Input(sample);
      dense_.push_back(op::Attention(in.query, in.key, in.value, in.scale, {in.causal, in.window}));
      order_.push_back(order_.size());
    }
  }

  HeadMeasure Measure(const io::HeadSettings& settings, double* worst_l1) const {
    HeadMeasure sum;
    double worst = 0;
    for (size_t i = 0; i < samples_.size(); ++i) {
      const HeadMeasure one = MeasureOne(i, settings);
      sum.relative_l1 += one.relative_l1;
      sum.sparsity += one.sparsity;
      worst = std::max(worst, one.relative_l1);
    }
    const auto count = static_cast<double>(samples_.size());
    if (worst_l1 != nullptr) {
      *worst_l1 = worst;
    }
    return {sum.relative_l1 / count, sum.sparsity / count};
  }

  /// The measure where every sample stays within the bound; the first that does not ends it, and is
  /// asked first the next time.
  std::optional<HeadMeasure> Within(const io::HeadSettings& settings, double bound) {
    ThrowIfInterrupted("stopped while tuning");
    HeadMeasure sum;
    for (size_t i = 0; i < order_.size(); ++i) {
      const HeadMeasure one = MeasureOne(order_[i], settings);
      if (one.relative_l1 > bound) {
        std::rotate(order_.begin(), order_.begin() + static_cast<std::ptrdiff_t>(i),
                    order_.begin() + static_cast<std::ptrdiff_t>(i) + 1);
        return std::nullopt;
      }
      sum.relative_l1 += one.relative_l1;
      sum.sparsity += one.sparsity;
    }
    const auto count = static_cast<double>(order_.size());
    return HeadMeasure{sum.relative_l1 / count, sum.sparsity / count};
  }

 private:
  HeadMeasure MeasureOne(size_t i, const io::HeadSettings& settings) const {
    SparsityCounts counts;
    const std::vector<float> lambda = {settings.lambda == 0
                                           ? -std::numeric_limits<float>::infinity()
                                           : static_cast<float>(settings.lambda)};
    SparseAttention attention(
        PlanByMeans({kernel::SelectSparge({settings.tau, settings.theta})}, lambda,
                    options_.similarity, {.keep_diagonal = true}),
        {.int8 = options_.int8, .int8_values = options_.int8 && options_.int8_values}, &counts);
    const at::Tensor out = attention.Attend(Input(samples_[i]));
    const double error = (out - dense_[i]).abs().sum(at::kDouble).item<double>();
    const double total = dense_[i].abs().sum(at::kDouble).item<double>();
    return {total > 0 ? error / total : 0, counts.Sparsity()};
  }

  std::span<const HeadSample> samples_;
  const TuneOptions& options_;
  std::vector<at::Tensor> dense_;
  std::vector<size_t> order_;  // in which samples are measured against a bound
};

struct Found {
  io::HeadSettings settings;
  HeadMeasure measure;
};

/// Narrows [passes, fails] by bisection of one number to `width` and keeps the sparsest settings
/// that passed. Returns how far `passes` came.
template <class With>
double Bisect(Head& head, double bound, double passes, double fails, double width, const With& with,
              Found* best) {
  while (std::abs(fails - passes) > width) {
    const double middle = (passes + fails) / 2;
    const io::HeadSettings settings = with(middle);
    if (const std::optional<HeadMeasure> measure = head.Within(settings, bound)) {
      passes = middle;
      if (measure->sparsity >= best->measure.sparsity) {
        *best = {settings, *measure};
      }
    } else {
      fails = middle;
    }
  }
  return passes;
}

/// The sparsest first stage of each theta that leaves something to skip.
std::vector<Found> SearchThetas(Head& head, const TuneOptions& options) {
  std::vector<Found> found;
  double digits = kTauDigits;
  for (int i = 0; i < kThetas; ++i) {
    const double theta = i == 0 ? -1 : static_cast<double>(i) / kThetas;
    Found best{{1, theta, 0}, {}};
    // As theta rises more is kept whatever tau is: what passed for the last one passes again.
    digits = Bisect(
        head, options.l1, digits, 0, kTauWidth,
        [&](double d) {
          return io::HeadSettings{1 - std::pow(10.0, -d), theta, 0};
        },
        &best);
    if (best.measure.sparsity > 0) {
      found.push_back(best);
    } else if (i > 0) {
      break;  // and no later one does better
    }
  }
  return found;
}

/// Adds the second filter to what the first stage found.
Found SearchLambda(Head& head, Found best, const TuneOptions& options) {
  const io::HeadSettings first = best.settings;
  Bisect(
      head, options.l2, kLowestLambda, 0, kLambdaWidth,
      [&](double lambda) {
        return io::HeadSettings{first.tau, first.theta, lambda};
      },
      &best);
  return best;
}

}  // namespace

void TuneOptions::Validate() const {
  if (!(l1 > 0 && l1 <= 1 && l2 >= l1 && l2 <= 1)) {
    FailUsage("bounds of the error are 0 < l1 <= l2 <= 1, not l1 ", l1, " and l2 ", l2);
  }
}

HeadMeasure MeasureHead(std::span<const HeadSample> samples, const io::HeadSettings& settings,
                        const TuneOptions& options, double* worst_l1) {
  const at::NoGradGuard no_grad;
  return Head(samples, options).Measure(settings, worst_l1);
}

TunedHead TuneHead(std::span<const HeadSample> samples, std::span<const HeadSample> held_out,
                   const TuneOptions& options) {
  const at::NoGradGuard no_grad;
  Head head(samples, options);
  std::vector<Found> found = SearchThetas(head, options);
  std::ranges::stable_sort(found, [](const Found& a, const Found& b) {
    return a.measure.sparsity > b.measure.sparsity;
  });
  found.resize(std::min(found.size(), kFiltered));
  Found best;
  for (const Found& one : found) {
    const Found filtered = SearchLambda(head, one, options);
    if (filtered.measure.sparsity > best.measure.sparsity) {
      best = filtered;
    }
  }
  TunedHead result{best.settings, best.measure, {}, best.measure.sparsity < kLeastSparsity};
  if (!result.dense && !held_out.empty()) {
    result.held_out = MeasureHead(held_out, best.settings, options);
    result.dense = result.held_out.relative_l1 > kHeldOutSlack * options.l2;
  }
  if (result.dense) {
    result.settings = {};
    result.tuned = result.held_out = {};
  }
  return result;
}

}  // namespace tersor::attention
