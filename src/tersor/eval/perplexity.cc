#include "tersor/eval/perplexity.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "tersor/op/cross_entropy.h"
#include "tersor/util/error.h"
#include "tersor/util/interrupt.h"
#include "tersor/util/parallel_for.h"

namespace tersor::eval {
namespace {

/// Token ids of windows `first`, `first + stride`, ... [count, length] shifted by `offset`.
std::vector<int32_t> Gather(std::span<const int32_t> stream, const std::vector<int64_t>& windows,
                            int64_t window, int64_t length, int64_t offset) {
  std::vector<int32_t> ids;
  for (const int64_t w : windows) {
    for (int64_t t = 0; t < length; ++t) {
      const auto at = static_cast<size_t>(w * window + t + offset);
      ids.push_back(at < stream.size() ? stream[at] : -1);  // -1: past the end, no target
    }
  }
  return ids;
}

void AddWindows(WindowScorer& scorer, std::span<const int32_t> stream,
                const std::vector<int64_t>& windows, int64_t window, int64_t length, bool counts,
                LikelihoodSums& sums) {
  const std::vector<int32_t> targets = Gather(stream, windows, window, length, 1);
  std::vector<float> nll(targets.size());
  std::vector<uint8_t> correct(targets.size());
  scorer.Score(Gather(stream, windows, window, length, 0), targets, length, nll, correct);
  // The papers' windows predict their own tokens only; the successor's code length is kept apart.
  const int64_t inside = counts ? length - 1 : 0;
  for (size_t i = 0; i < targets.size(); ++i) {
    if (targets[i] < 0) {
      continue;
    }
    ++sums.predicted;
    if (static_cast<int64_t>(i) % length < inside) {
      sums.nll += nll[i];
      sums.correct += correct[i];
      ++sums.tokens;
    } else {
      sums.outside_nll += nll[i];
    }
  }
}

class TorchScorer : public WindowScorer {
 public:
  explicit TorchScorer(model::LanguageModel& model) : model_(model) {}

  int64_t longest_window() const override { return model_.config().max_position_embeddings; }

  void Score(std::span<const int32_t> inputs, std::span<const int32_t> targets, int64_t length,
             std::span<float> nll, std::span<uint8_t> correct) override {
    const at::NoGradGuard no_grad;
    const at::Tensor hidden = model_.Forward(ToTensor(inputs).view({-1, length})).hidden;
    const op::TokenLoss losses =
        op::LinearTokenLosses(hidden, model_.HeadWeight(), ToTensor(targets));
    const at::Tensor loss = losses.nll.to(at::kFloat).contiguous();
    const at::Tensor hits = losses.correct.to(at::kByte).contiguous();
    std::copy_n(loss.data_ptr<float>(), nll.size(), nll.begin());
    std::copy_n(hits.data_ptr<uint8_t>(), correct.size(), correct.begin());
  }

 private:
  static at::Tensor ToTensor(std::span<const int32_t> ids) {
    at::Tensor tensor = at::empty({static_cast<int64_t>(ids.size())}, at::kLong);
    std::copy(ids.begin(), ids.end(), tensor.data_ptr<int64_t>());
    return tensor;
  }

  model::LanguageModel& model_;
};

class EngineScorer : public WindowScorer {
 public:
  explicit EngineScorer(runtime::Engine& engine) : engine_(engine) {}

  int64_t longest_window() const override { return engine_.context(); }

  void Score(std::span<const int32_t> inputs, std::span<const int32_t> targets, int64_t length,
             std::span<float> nll, std::span<uint8_t> correct) override {
    const auto vocab = static_cast<size_t>(engine_.config().vocab_size);
    const auto window = static_cast<size_t>(length);
    for (size_t first = 0; first < inputs.size(); first += window) {
      const std::vector<float> logits = engine_.Logits(inputs.subspan(first, window));
      ParallelFor(0, length, 16, [&](int64_t begin, int64_t end) {
        for (auto t = static_cast<size_t>(begin); t < static_cast<size_t>(end); ++t) {
          if (targets[first + t] >= 0) {
            ScoreRow(std::span(logits).subspan(t * vocab, vocab), targets[first + t],
                     nll[first + t], correct[first + t]);
          }
        }
      });
    }
  }

 private:
  static void ScoreRow(std::span<const float> logits, int32_t target, float& nll,
                       uint8_t& correct) {
    const float highest = *std::max_element(logits.begin(), logits.end());
    const float own = logits[static_cast<size_t>(target)];
    double sum = 0;
    for (const float logit : logits) {
      sum += std::exp(logit - highest);
    }
    nll = static_cast<float>(std::log(sum) + highest - own);
    correct = own == highest;
  }

  runtime::Engine& engine_;
};

}  // namespace

std::unique_ptr<WindowScorer> MakeScorer(model::LanguageModel& model) {
  return std::make_unique<TorchScorer>(model);
}

std::unique_ptr<WindowScorer> MakeScorer(runtime::Engine& engine) {
  return std::make_unique<EngineScorer>(engine);
}

LikelihoodSums SumLikelihood(model::LanguageModel& model, std::span<const int32_t> stream,
                             const PerplexityOptions& options) {
  return SumLikelihood(*MakeScorer(model), stream, options);
}

LikelihoodSums SumLikelihood(WindowScorer& scorer, std::span<const int32_t> stream,
                             const PerplexityOptions& options) {
  TERSOR_CHECK(stream.size() >= 2, "the text has ", stream.size(),
               " tokens; perplexity needs at least 2");
  const int64_t window = options.window > 0 ? options.window : scorer.longest_window();
  const auto tokens = static_cast<int64_t>(stream.size());
  // The last token is a target only, so it opens no window of its own.
  int64_t count = (tokens - 1 + window - 1) / window;
  if (options.max_windows > 0) {
    count = std::min(count, options.max_windows);
  }
  const int64_t batch = std::max<int64_t>(1, options.batch_tokens / window);
  LikelihoodSums sums;
  std::vector<int64_t> windows;
  for (int64_t w = options.first; w < count; w += options.stride) {
    const int64_t length = std::min(window, tokens - w * window);
    const bool full = length == window;
    if (full) {
      windows.push_back(w);
    }
    if (static_cast<int64_t>(windows.size()) == batch ||
        (!windows.empty() && (!full || w + options.stride >= count))) {
      AddWindows(scorer, stream, windows, window, window, /*counts=*/true, sums);
      windows.clear();
    }
    if (!full) {
      AddWindows(scorer, stream, {w}, window, length, /*counts=*/w == 0, sums);
    }
    if (options.progress) {
      options.progress(w + 1, count);
    }
    ThrowIfInterrupted("evaluation stopped");
  }
  return sums;
}

double Perplexity(const LikelihoodSums& sums) { return std::exp(sums.nll / sums.tokens); }

double BitsPerByte(const LikelihoodSums& sums, double bytes) {
  return (sums.nll + sums.outside_nll) / std::numbers::ln2 / bytes;
}

}  // namespace tersor::eval
