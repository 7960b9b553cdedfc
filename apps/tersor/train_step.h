// A whole training step of a 110M-parameter LLaMA, to be timed and weighed.
#ifndef TERSOR_APPS_TERSOR_TRAIN_STEP_H_
#define TERSOR_APPS_TERSOR_TRAIN_STEP_H_

#include <cstdint>
#include <functional>
#include <memory>

#include "tersor/io/model_config.h"
#include "tersor/precision/precision.h"
#include "tersor/train/adamw.h"
#include "tersor/train/objective.h"

namespace tersor::cli {

/// The usual 110M shape: 12 blocks of width 768 under a vocabulary of 32,000 with a tied head.
io::ModelConfig Shape110M();

/// A model with random weights and its optimizer, on one batch of random tokens.
class TrainStep {
 public:
  static constexpr int64_t kTokens = 512;

  TrainStep(std::unique_ptr<precision::Precision> precision, uint64_t seed);

  /// Forward, backward, clipping and AdamW; returns the seconds. `between`, if set, runs after the
  /// forward pass.
  double Run(const std::function<void()>& between = {});

 private:
  std::unique_ptr<precision::Precision> precision_;
  std::unique_ptr<model::LanguageModel> model_;
  train::LikelihoodObjective objective_;
  train::AdamW optimizer_;
  train::TrainTask task_;  // its objective and hooks
  Rng rng_;
  train::Batch batch_;
  int64_t steps_ = 0;
};

}  // namespace tersor::cli

#endif  // TERSOR_APPS_TERSOR_TRAIN_STEP_H_
