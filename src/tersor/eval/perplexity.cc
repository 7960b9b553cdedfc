#include "tersor/eval/perplexity.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "tersor/op/cross_entropy.h"
#include "tersor/util/error.h"
#include "tersor/util/interrupt.h"

namespace tersor::eval {
namespace {

/// Token ids [count, length], windows `first`, `first + stride`, ... shifted by `offset`.
at::Tensor Gather(std::span<const int32_t> stream, const std::vector<int64_t>& windows,
                  int64_t window, int64_t length, int64_t offset) {
  at::Tensor ids = at::empty({static_cast<int64_t>(windows.size()), length}, at::kLong);
  int64_t* out = ids.data_ptr<int64_t>();
  for (const int64_t w : windows) {
    for (int64_t t = 0; t < length; ++t) {
      const auto at = static_cast<size_t>(w * window + t + offset);
      *out++ = at < stream.size() ? stream[at] : -1;  // -1: past the end, no target
    }
  }
  return ids;
}

void AddWindows(model::LanguageModel& model, std::span<const int32_t> stream,
                const std::vector<int64_t>& windows, int64_t window, int64_t length, bool counts,
                LikelihoodSums& sums) {
  const at::Tensor targets = Gather(stream, windows, window, length, 1);
  const at::Tensor hidden = model.Forward(Gather(stream, windows, window, length, 0)).hidden;
  const op::TokenLoss losses =
      op::LinearTokenLosses(hidden, model.HeadWeight(), targets.reshape(-1));
  const at::Tensor nll = losses.nll.view(targets.sizes()).to(at::kDouble);
  const at::Tensor correct = losses.correct.view(targets.sizes());
  // The papers' windows predict their own tokens only; the successor's code length is kept apart.
  const int64_t inside = counts ? length - 1 : 0;
  sums.nll += nll.narrow(1, 0, inside).sum().item<double>();
  sums.tokens += (targets.narrow(1, 0, inside) >= 0).sum().item<double>();
  sums.correct += correct.narrow(1, 0, inside).sum().item<double>();
  sums.outside_nll += nll.narrow(1, inside, length - inside).sum().item<double>();
  sums.predicted += (targets >= 0).sum().item<double>();
}

}  // namespace

LikelihoodSums SumLikelihood(model::LanguageModel& model, std::span<const int32_t> stream,
                             const PerplexityOptions& options) {
  TERSOR_CHECK(stream.size() >= 2, "the text has ", stream.size(),
               " tokens; perplexity needs at least 2");
  const at::NoGradGuard no_grad;
  const int64_t longest = model.config().max_position_embeddings;
  const int64_t window = options.window > 0 ? options.window : longest;
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
      AddWindows(model, stream, windows, window, window, /*counts=*/true, sums);
      windows.clear();
    }
    if (!full) {
      AddWindows(model, stream, {w}, window, length, /*counts=*/w == 0, sums);
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
