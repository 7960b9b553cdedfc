// A whole training step of a Vision Transformer, to be timed.
#ifndef TERSOR_APPS_TERSOR_VIT_STEP_H_
#define TERSOR_APPS_TERSOR_VIT_STEP_H_

#include <cstdint>
#include <memory>

#include "tersor/io/vit_config.h"
#include "tersor/precision/precision.h"
#include "tersor/train/adamw.h"
#include "tersor/train/classification.h"

namespace tersor::cli {

/// DeiT-S on ImageNet: 12 blocks of width 384 with 6 heads, 224 x 224 pixels, 1,000 classes
/// (Touvron et al. 2021, arXiv:2012.12877).
io::VitConfig ShapeDeitSmall();

/// A model with random weights and its optimizer, on one batch of random images and soft targets.
class VitStep {
 public:
  VitStep(const io::VitConfig& shape, int64_t images,
          std::unique_ptr<precision::Precision> precision, uint64_t seed);

  /// Forward, backward, gradient norm and AdamW; returns the seconds.
  double Run();

 private:
  std::unique_ptr<precision::Precision> precision_;
  model::Vit model_;
  train::ClassificationObjective objective_;
  train::AdamW optimizer_;
  Rng rng_;
  train::Batch batch_;
  train::TrainTask task_;  // its objective and hooks
  int64_t steps_ = 0;
};

}  // namespace tersor::cli

#endif  // TERSOR_APPS_TERSOR_VIT_STEP_H_
