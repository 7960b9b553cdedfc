#include "tersor/data/image_sampler.h"

#include "tersor/data/sampler.h"
#include "tersor/util/error.h"
#include "tersor/util/parallel_for.h"

namespace tersor::data {
namespace {

/// Seeds of what is drawn for different purposes.
enum Purpose : uint64_t { kShuffle = 1, kAugment, kMix };

uint64_t SeedFor(uint64_t seed, Purpose purpose) { return Rng(seed, purpose).Bits64(0); }

}  // namespace

ImageSampler::ImageSampler(const ImageSet& images, const io::ImagePreprocessor& preprocessor,
                           const AugmentConfig& augment, int64_t batch_size, uint64_t seed)
    : images_(images),
      pixel_values_(PixelValues(preprocessor)),
      augment_(augment),
      batch_size_(batch_size),
      shuffle_seed_(SeedFor(seed, kShuffle)),
      augment_seed_(SeedFor(seed, kAugment)),
      mix_seed_(SeedFor(seed, kMix)) {
  augment_.Validate();
}

int64_t ImageSampler::ImageOf(int64_t sample) const {
  const auto count = static_cast<uint64_t>(images_.size()), at = static_cast<uint64_t>(sample);
  return static_cast<int64_t>(Permute(at % count, count, Rng(shuffle_seed_, at / count)));
}

int64_t ImageSampler::PartnerOf(int64_t sample) const {
  const int64_t place = sample % batch_size_;
  return sample - place + batch_size_ - 1 - place;
}

void ImageSampler::FillOne(int64_t sample, std::span<float> values) const {
  std::vector<uint8_t> pixels(static_cast<size_t>(shape().values()));
  images_.Fill(ImageOf(sample), pixels);
  AugmentImage(augment_, shape(), pixel_values_, pixels,
               Rng(augment_seed_, static_cast<uint64_t>(sample)), values);
}

void ImageSampler::Fill(int64_t first, int64_t count, std::span<float> values,
                        std::span<float> targets) const {
  const auto size = static_cast<size_t>(shape().values()), width = static_cast<size_t>(classes());
  ParallelFor(0, count, 1, [&](int64_t begin, int64_t end) {
    std::vector<float> partner_values(size);
    for (int64_t i = begin; i < end; ++i) {
      const int64_t sample = first + i, partner = PartnerOf(sample);
      const auto at = static_cast<size_t>(i);
      const std::span<float> own = values.subspan(at * size, size);
      FillOne(sample, own);
      const Mix mix = DrawMix(augment_, shape().side,
                              Rng(mix_seed_, static_cast<uint64_t>(sample / batch_size_)));
      if (mix.weight < 1) {
        FillOne(partner, partner_values);
        MixImages(mix, shape(), partner_values, own);
      }
      MixTargets(mix, images_.Label(ImageOf(sample)), images_.Label(ImageOf(partner)),
                 augment_.label_smoothing, targets.subspan(at * width, width));
    }
  });
}

}  // namespace tersor::data
