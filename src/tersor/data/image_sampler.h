// Training samples of images: shuffled, augmented and mixed, each a pure function of its index.
#ifndef TERSOR_DATA_IMAGE_SAMPLER_H_
#define TERSOR_DATA_IMAGE_SAMPLER_H_

#include <cstdint>
#include <span>
#include <vector>

#include "tersor/data/augment.h"
#include "tersor/data/image_set.h"

namespace tersor::data {

class ImageSampler {
 public:
  /// Each epoch visits every image once in an order of its own. Samples [k · batch, (k + 1) ·
  /// batch) mix with one another, the first with the last, by one draw; so `batch_size` is that of
  /// a whole step over all ranks. `images` must outlive the sampler.
  ImageSampler(const ImageSet& images, const io::ImagePreprocessor& preprocessor,
               const AugmentConfig& augment, int64_t batch_size, uint64_t seed);

  int64_t images_per_epoch() const { return images_.size(); }
  const ImageShape& shape() const { return images_.shape(); }
  int64_t classes() const { return static_cast<int64_t>(images_.classes().size()); }

  /// Which image a sample shows.
  int64_t ImageOf(int64_t sample) const;

  /// Samples first .. first + count - 1: values [count, channels, side, side] and their targets
  /// [count, classes]. Parallel over samples.
  void Fill(int64_t first, int64_t count, std::span<float> values, std::span<float> targets) const;

 private:
  int64_t PartnerOf(int64_t sample) const;
  void FillOne(int64_t sample, std::span<float> values) const;

  const ImageSet& images_;
  std::vector<float> pixel_values_;
  AugmentConfig augment_;
  int64_t batch_size_;
  // Of the random numbers of each epoch, each sample and each batch.
  uint64_t shuffle_seed_, augment_seed_, mix_seed_;
};

}  // namespace tersor::data

#endif  // TERSOR_DATA_IMAGE_SAMPLER_H_
