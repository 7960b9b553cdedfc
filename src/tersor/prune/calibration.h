// Calibration text through a model, block by block, so that besides the model memory holds the
// input of one block only.
#ifndef TERSOR_PRUNE_CALIBRATION_H_
#define TERSOR_PRUNE_CALIBRATION_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <vector>

#include "tersor/data/token_file.h"
#include "tersor/prune/prunable_model.h"

namespace tersor::prune {

/// `samples` windows of `length` tokens at random places among the stream's first `limit` tokens,
/// int64 [samples, length], by `seed`. Throws Error naming how many tokens are needed where there
/// are fewer.
at::Tensor DrawCalibration(const data::TokenFile& tokens, int64_t limit, int64_t samples,
                           int64_t length, uint64_t seed);

/// What the groups of a block read, in the order of PrunableModel::groups().
using BlockStatistics = std::vector<InputStatistics>;

struct CalibrationPass {
  bool with_gram = false;
  bool changes_blocks = false;  // what visit() leaves of a block gives the next one's input
  int64_t first_block = 0;      // that is visited
  /// What that one's groups read, where it is known and `changes_blocks`: saves a run.
  BlockStatistics first;
  /// Called for each block with what its groups read.
  std::function<void(int64_t block, const BlockStatistics& statistics)> visit;
};

/// Runs the model on `tokens` [samples, length]. Throws Error where activations are not finite, and
/// Interrupted.
void RunCalibration(const PrunableModel& model, const at::Tensor& tokens,
                    const CalibrationPass& pass);

}  // namespace tersor::prune

#endif  // TERSOR_PRUNE_CALIBRATION_H_
