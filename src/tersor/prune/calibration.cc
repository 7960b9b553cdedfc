#include "tersor/prune/calibration.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "tersor/util/error.h"
#include "tersor/util/interrupt.h"
#include "tersor/util/rng.h"

namespace tersor::prune {
namespace {

constexpr int64_t kBatchTokens = 4096;  // of a forward pass

/// The inputs of a block: some samples each, [samples * length, hidden].
class Activations {
 public:
  Activations(const PrunableModel& model, const at::Tensor& tokens)
      : model_(model.language_model()) {
    const int64_t batch = std::max<int64_t>(1, kBatchTokens / tokens.size(1));
    for (const at::Tensor& samples : tokens.split(batch, 0)) {
      parts_.push_back({model_.Embed(samples), samples.size(0)});
    }
  }

  /// Runs a block; its outputs become the inputs where `advance`.
  void Run(int64_t block, bool advance) {
    for (Part& part : parts_) {
      ThrowIfInterrupted("stopped while calibrating");
      at::Tensor loss;
      const at::Tensor out = model_.RunBlock(block, part.x, part.samples, &loss);
      if (advance) {
        part.x = out;
      }
    }
  }

 private:
  struct Part {
    at::Tensor x;
    int64_t samples;
  };
  model::LanguageModel& model_;
  std::vector<Part> parts_;
};

/// Runs a block; what its groups read.
BlockStatistics Observe(const std::vector<ObservedGroup*>& groups, int64_t block, bool with_gram,
                        bool advance, Activations& inputs) {
  for (ObservedGroup* group : groups) {
    // The block's last product gives its output only, which may be thrown away.
    group->Observe(with_gram, /*output=*/advance || group != groups.back());
  }
  inputs.Run(block, advance);
  BlockStatistics statistics;
  for (ObservedGroup* group : groups) {
    statistics.push_back(group->StopObserving());
  }
  return statistics;
}

}  // namespace

at::Tensor DrawCalibration(const data::TokenFile& tokens, int64_t limit, int64_t samples,
                           int64_t length, uint64_t seed) {
  TERSOR_CHECK(limit >= length, "the calibration text has ", limit, " tokens; one sample needs ",
               length, "; give more text or a smaller --length");
  at::Tensor drawn = at::empty({samples, length}, at::kLong);
  const Rng rng(seed);
  for (int64_t i = 0; i < samples; ++i) {
    const auto first = static_cast<int64_t>(
        rng.Below(static_cast<uint64_t>(i), static_cast<uint64_t>(limit - length + 1)));
    const std::vector<int32_t> window = tokens.Tokens(first, length);
    std::copy(window.begin(), window.end(), drawn.data_ptr<int64_t>() + i * length);
  }
  return drawn;
}

void RunCalibration(const PrunableModel& model, const at::Tensor& tokens,
                    const CalibrationPass& pass) {
  const at::NoGradGuard no_grad;
  Activations inputs(model, tokens);
  for (int64_t block = 0; block < model.blocks(); ++block) {
    if (block < pass.first_block) {
      inputs.Run(block, /*advance=*/true);
      continue;
    }
    const bool last = block + 1 == model.blocks();
    const bool known = block == pass.first_block && pass.changes_blocks && !pass.first.empty();
    pass.visit(block, known ? pass.first
                            : Observe(model.groups(block), block, pass.with_gram,
                                      /*advance=*/!pass.changes_blocks && !last, inputs));
    if (pass.changes_blocks && !last) {
      inputs.Run(block, /*advance=*/true);
    }
  }
}

}  // namespace tersor::prune
