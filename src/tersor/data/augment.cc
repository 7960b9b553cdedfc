#include "tersor/data/augment.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "tersor/util/error.h"

namespace tersor::data {
namespace {

/// Counters of the draws within a stream; what draws more than once gets a range of its own.
enum Draw : uint64_t {
  kCropTop,
  kCropLeft,
  kFlip,
  kErase,
  kMixes,
  kPastes,
  kPasteTop,
  kPasteLeft,
  kEraseAttempts = 16,
  kBeta = uint64_t{1} << 16,
  kNoise = uint64_t{1} << 32,
};

/// Uniform in low .. high, both ends included.
int64_t DrawInteger(const Rng& rng, uint64_t index, int64_t low, int64_t high) {
  return low + static_cast<int64_t>(rng.Below(index, static_cast<uint64_t>(high - low + 1)));
}

/// Gamma(shape, 1) for shape >= 1 by Marsaglia and Tsang 2000; `index` moves on with each attempt.
double DrawGamma(double shape, const Rng& rng, uint64_t* index) {
  const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  for (;;) {
    const double x = rng.Normal((*index)++);
    const double u = 1 - rng.Uniform((*index)++);  // in (0, 1]
    const double v = std::pow(1 + c * x, 3);
    if (v > 0 && std::log(u) < x * x / 2 + d - d * v + d * std::log(v)) {
      return d * v;
    }
  }
}

void Erase(const Rect& rect, const ImageShape& shape, const Rng& rng, std::span<float> image) {
  for (int64_t c = 0; c < shape.channels; ++c) {
    for (int64_t y = rect.top; y < rect.top + rect.height; ++y) {
      for (int64_t x = rect.left; x < rect.left + rect.width; ++x) {
        const auto i = static_cast<size_t>((c * shape.side + y) * shape.side + x);
        image[i] = static_cast<float>(rng.Normal(kNoise + i));
      }
    }
  }
}

}  // namespace

void AugmentConfig::AddFields(Schema& schema) {
  schema.Add("augment.flip", "mirror every other training image", &flip)
      .Add("augment.crop_padding",
           "cut a random square from the image with that many pixels around", &crop_padding)
      .Add("augment.erase", "probability of erasing a random rectangle", &erase)
      .Add("augment.mixup", "alpha of mixup's weights (0: no mixup)", &mixup)
      .Add("augment.cutmix", "alpha of cutmix's areas (0: no cutmix)", &cutmix)
      .Add("augment.mix_probability", "share of the batches that are mixed", &mix_probability)
      .Add("augment.cutmix_share", "of the mixed batches, where mixup is on as well", &cutmix_share)
      .Add("augment.label_smoothing", "share of each target spread over all classes",
           &label_smoothing);
}

void AugmentConfig::Validate() const {
  const auto require = [](bool ok, const char* field, const char* rule) {
    if (!ok) {
      FailUsage("augment.", field, " must be ", rule);
    }
  };
  const auto share = [&](double value, const char* field) {
    require(value >= 0 && value <= 1, field, "in 0 .. 1");
  };
  constexpr double kMostAlpha = 1e3;
  require(crop_padding >= 0 && crop_padding <= 4096, "crop_padding", "in 0 .. 4096");
  share(erase, "erase");
  share(mix_probability, "mix_probability");
  share(cutmix_share, "cutmix_share");
  require(mixup >= 0 && mixup <= kMostAlpha, "mixup", "in 0 .. 1000");
  require(cutmix >= 0 && cutmix <= kMostAlpha, "cutmix", "in 0 .. 1000");
  require(label_smoothing >= 0 && label_smoothing < 1, "label_smoothing", "in [0, 1)");
}

std::vector<float> PixelValues(const io::ImagePreprocessor& preprocessor) {
  std::vector<float> values;
  for (size_t c = 0; c < preprocessor.mean.size(); ++c) {
    const std::vector<float> channel = preprocessor.Table(static_cast<int64_t>(c));
    values.insert(values.end(), channel.begin(), channel.end());
  }
  return values;
}

void ImageValues(const ImageShape& shape, std::span<const float> values,
                 std::span<const uint8_t> pixels, std::span<float> out) {
  const auto plane = static_cast<size_t>(shape.side * shape.side);
  for (size_t i = 0; i < out.size(); ++i) {
    out[i] = values[i / plane * 256 + pixels[i]];
  }
}

void AugmentImage(const AugmentConfig& config, const ImageShape& shape,
                  std::span<const float> values, std::span<const uint8_t> pixels, const Rng& rng,
                  std::span<float> out) {
  const int64_t side = shape.side, padding = config.crop_padding;
  const int64_t down = DrawInteger(rng, kCropTop, -padding, padding);
  const int64_t right = DrawInteger(rng, kCropLeft, -padding, padding);
  const bool flips = config.flip && rng.Uniform(kFlip) < 0.5;
  for (int64_t c = 0; c < shape.channels; ++c) {
    const float* table = values.data() + c * 256;
    for (int64_t y = 0; y < side; ++y) {
      const int64_t from_y = y + down;
      const bool inside = from_y >= 0 && from_y < side;
      const uint8_t* row = pixels.data() + (c * side + (inside ? from_y : 0)) * side;
      float* to = out.data() + (c * side + y) * side;
      for (int64_t x = 0; x < side; ++x) {
        const int64_t from_x = (flips ? side - 1 - x : x) + right;
        to[x] = table[inside && from_x >= 0 && from_x < side ? row[from_x] : 0];
      }
    }
  }
  if (config.erase > 0 && rng.Uniform(kErase) < config.erase) {
    Erase(DrawErased(side, rng), shape, rng, out);
  }
}

Rect DrawErased(int64_t side, const Rng& rng) {
  constexpr double kLeastArea = 0.02, kMostArea = 1.0 / 3, kLeastAspect = 0.3;
  constexpr uint64_t kAttempts = 10, kDraws = 4;
  for (uint64_t attempt = 0; attempt < kAttempts; ++attempt) {
    const uint64_t draw = kEraseAttempts + attempt * kDraws;
    const double area = static_cast<double>(side * side) *
                        (kLeastArea + (kMostArea - kLeastArea) * rng.Uniform(draw));
    // Uniform in the logarithm, so that wide and tall ones are equally likely.
    const double aspect = std::exp(std::log(kLeastAspect) * (1 - 2 * rng.Uniform(draw + 1)));
    Rect rect;
    rect.height = std::llround(std::sqrt(area * aspect));
    rect.width = std::llround(std::sqrt(area / aspect));
    if (rect.area() > 0 && rect.height < side && rect.width < side) {
      rect.top = DrawInteger(rng, draw + 2, 0, side - rect.height);
      rect.left = DrawInteger(rng, draw + 3, 0, side - rect.width);
      return rect;
    }
  }
  return {};
}

Mix DrawMix(const AugmentConfig& config, int64_t side, const Rng& rng) {
  if ((config.mixup <= 0 && config.cutmix <= 0) || rng.Uniform(kMixes) >= config.mix_probability) {
    return {};
  }
  Mix mix;
  mix.pastes =
      config.cutmix > 0 && (config.mixup <= 0 || rng.Uniform(kPastes) < config.cutmix_share);
  mix.weight = DrawBeta(mix.pastes ? config.cutmix : config.mixup, rng);
  if (mix.pastes) {
    const auto length = static_cast<int64_t>(static_cast<double>(side) * std::sqrt(1 - mix.weight));
    const auto cut = [&](uint64_t draw, int64_t* first, int64_t* count) {
      const int64_t centre = DrawInteger(rng, draw, 0, side - 1);
      *first = std::clamp<int64_t>(centre - length / 2, 0, side);
      *count = std::clamp<int64_t>(centre - length / 2 + length, 0, side) - *first;
    };
    cut(kPasteTop, &mix.pasted.top, &mix.pasted.height);
    cut(kPasteLeft, &mix.pasted.left, &mix.pasted.width);
    mix.weight = 1 - static_cast<double>(mix.pasted.area()) / static_cast<double>(side * side);
  }
  return mix;
}

void MixImages(const Mix& mix, const ImageShape& shape, std::span<const float> partner,
               std::span<float> image) {
  if (!mix.pastes) {
    const auto own = static_cast<float>(mix.weight), other = 1 - own;
    for (size_t i = 0; i < image.size() && own < 1; ++i) {
      image[i] = own * image[i] + other * partner[i];
    }
    return;
  }
  for (int64_t c = 0; c < shape.channels; ++c) {
    for (int64_t y = mix.pasted.top; y < mix.pasted.top + mix.pasted.height; ++y) {
      const int64_t first = (c * shape.side + y) * shape.side + mix.pasted.left;
      std::copy_n(partner.begin() + first, mix.pasted.width, image.begin() + first);
    }
  }
}

void MixTargets(const Mix& mix, int64_t label, int64_t partner, double smoothing,
                std::span<float> target) {
  const double spread = smoothing / static_cast<double>(target.size());
  std::fill(target.begin(), target.end(), static_cast<float>(spread));
  target[static_cast<size_t>(label)] += static_cast<float>((1 - smoothing) * mix.weight);
  target[static_cast<size_t>(partner)] += static_cast<float>((1 - smoothing) * (1 - mix.weight));
}

double DrawBeta(double alpha, const Rng& rng) {
  // Of two Gamma(alpha) draws; below 1, Gamma(alpha) is Gamma(alpha + 1) U^(1 / alpha), taken in
  // logarithms because small powers underflow.
  uint64_t index = kBeta;
  double logs[2];
  for (double& log : logs) {
    log = std::log(DrawGamma(alpha + 1, rng, &index));
    log += std::log(1 - rng.Uniform(index++)) / alpha;
  }
  return 1 / (1 + std::exp(logs[1] - logs[0]));
}

}  // namespace tersor::data
