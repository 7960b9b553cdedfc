// Batches of shuffled training windows for language models.
#ifndef TERSOR_TRAIN_TEXT_BATCHES_H_
#define TERSOR_TRAIN_TEXT_BATCHES_H_

#include "tersor/data/sampler.h"
#include "tersor/train/objective.h"

namespace tersor::train {

class TextBatches : public BatchSource {
 public:
  /// `sampler` must outlive this.
  explicit TextBatches(const data::WindowSampler& sampler) : sampler_(sampler) {}

  /// inputs, targets: int64 [count, window].
  Batch Get(int64_t first_sample, int64_t count) const override;
  int64_t samples_per_epoch() const override { return sampler_.windows_per_epoch(); }

 private:
  const data::WindowSampler& sampler_;
};

}  // namespace tersor::train

#endif  // TERSOR_TRAIN_TEXT_BATCHES_H_
