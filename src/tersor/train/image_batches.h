// Batches of augmented and mixed training images.
#ifndef TERSOR_TRAIN_IMAGE_BATCHES_H_
#define TERSOR_TRAIN_IMAGE_BATCHES_H_

#include "tersor/data/image_sampler.h"
#include "tersor/train/objective.h"

namespace tersor::train {

class ImageBatches : public BatchSource {
 public:
  /// `sampler` must outlive this.
  explicit ImageBatches(const data::ImageSampler& sampler) : sampler_(sampler) {}

  /// inputs: float [count, channels, side, side]; targets: float [count, classes], rows sum to 1.
  Batch Get(int64_t first_sample, int64_t count) const override;
  int64_t samples_per_epoch() const override { return sampler_.images_per_epoch(); }

 private:
  const data::ImageSampler& sampler_;
};

}  // namespace tersor::train

#endif  // TERSOR_TRAIN_IMAGE_BATCHES_H_
