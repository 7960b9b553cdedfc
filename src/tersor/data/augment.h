// What DeiT's recipe does to a training image, and how it blends two of them. Touvron et al. 2021,
// arXiv:2012.12877, section 6. Every draw is a function of the given stream of random numbers.
#ifndef TERSOR_DATA_AUGMENT_H_
#define TERSOR_DATA_AUGMENT_H_

#include <cstdint>
#include <span>
#include <vector>

#include "tersor/data/image_set.h"
#include "tersor/util/config.h"
#include "tersor/util/rng.h"

namespace tersor::data {

/// Defaults change nothing.
struct AugmentConfig {
  bool flip = false;             // mirror every other image
  int64_t crop_padding = 0;      // pixels around the image, of which a random square is cut
  double erase = 0;              // probability that a rectangle becomes noise
  double mixup = 0, cutmix = 0;  // alpha of the Beta distribution of weights; 0: never
  double mix_probability = 1;    // that a batch is mixed at all
  double cutmix_share = 0.5;     // of mixed batches, where mixup and cutmix are both on
  double label_smoothing = 0;    // share of each target that is spread over all classes

  void AddFields(Schema& schema);
  /// Throws UsageError naming the field.
  void Validate() const;
  bool operator==(const AugmentConfig&) const = default;
};

/// Rows [top, top + height) and columns [left, left + width); empty by default.
struct Rect {
  int64_t top = 0, left = 0, height = 0, width = 0;
  int64_t area() const { return height * width; }
};

/// The values of the pixels of each channel, [channels, 256]: a preprocessor as a table.
std::vector<float> PixelValues(const io::ImagePreprocessor& preprocessor);

/// out[c, y, x] = values[c][pixels[c, y, x]]: an image as evaluation sees it.
void ImageValues(const ImageShape& shape, std::span<const float> values,
                 std::span<const uint8_t> pixels, std::span<float> out);

/// ImageValues after a random crop of the padded image (pixels outside are black) and a random
/// mirroring, then random erasing: with probability `erase` a rectangle of 2 % to a third of the
/// area, with an aspect between 0.3 and 1 / 0.3, becomes standard normal noise (Zhong et al. 2020,
/// arXiv:1708.04896).
void AugmentImage(const AugmentConfig& config, const ImageShape& shape,
                  std::span<const float> values, std::span<const uint8_t> pixels, const Rng& rng,
                  std::span<float> out);

/// The rectangle that AugmentImage erases in a square of `side`; empty where none fits in ten
/// attempts.
Rect DrawErased(int64_t side, const Rng& rng);

/// How the images of a batch blend with their partners: one draw for the whole batch.
struct Mix {
  double weight = 1;    // of the own label, in [0, 1]; the partner's is 1 - weight
  bool pastes = false;  // cutmix: `pasted` comes from the partner; else mixup: a weighted sum
  Rect pasted;
};

/// Mixup (Zhang et al. 2018, arXiv:1710.09412) or cutmix (Yun et al. 2019, arXiv:1905.04899) by the
/// configured probabilities. Cutmix cuts its rectangle around a point of the image and at the
/// border, and the weight is what remains of the own image.
Mix DrawMix(const AugmentConfig& config, int64_t side, const Rng& rng);

/// image becomes the mix of itself and `partner`, both [channels, side, side].
void MixImages(const Mix& mix, const ImageShape& shape, std::span<const float> partner,
               std::span<float> image);

/// The target of a mixed image over all classes: weight at `label`, 1 - weight at `partner`, of
/// which `smoothing` is spread evenly (Szegedy et al. 2016, arXiv:1512.00567). Sums to 1.
void MixTargets(const Mix& mix, int64_t label, int64_t partner, double smoothing,
                std::span<float> target);

/// A draw of the Beta(alpha, alpha) distribution, alpha > 0.
double DrawBeta(double alpha, const Rng& rng);

}  // namespace tersor::data

#endif  // TERSOR_DATA_AUGMENT_H_
