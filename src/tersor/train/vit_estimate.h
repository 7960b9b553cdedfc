// What training a Vision Transformer will cost, before it starts.
#ifndef TERSOR_TRAIN_VIT_ESTIMATE_H_
#define TERSOR_TRAIN_VIT_ESTIMATE_H_

#include <cstdint>

#include "tersor/io/vit_config.h"
#include "tersor/train/estimate.h"

namespace tersor::train {

/// Elements of all parameters.
int64_t CountParameters(const io::VitConfig& config);

/// Floating-point operations of one training step an image, nothing recomputed counted: three times
/// (forward, and two gradient products) 2 · (elements of each matrix) · (tokens that it takes), and
/// the two products of attention; the patch embedding has no gradient of its input.
double TrainingFlopsPerImage(const io::VitConfig& config);

/// For a micro-batch of `images`.
MemoryEstimate EstimateMemory(const io::VitConfig& config, int64_t images, bool recompute);

}  // namespace tersor::train

#endif  // TERSOR_TRAIN_VIT_ESTIMATE_H_
