// Augmentation and mixing: what they may change, by how much, and that an index says it all.
#include "tersor/data/augment.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "data/image_files.h"
#include "tersor/data/image_sampler.h"
#include "tersor/util/error.h"
#include "tersor/util/parallel_for.h"

namespace tersor::data {
namespace {

constexpr ImageShape kShape{3, 12};

/// Pixel p is the value p + 1, so that black is 1 and nothing is 0.
std::vector<float> PlainValues(int64_t channels) {
  std::vector<float> values;
  for (int64_t i = 0; i < channels * 256; ++i) {
    values.push_back(static_cast<float>(i % 256 + 1));
  }
  return values;
}

std::vector<uint8_t> Gradient(const ImageShape& shape) {
  std::vector<uint8_t> pixels(static_cast<size_t>(shape.values()));
  std::iota(pixels.begin(), pixels.end(), uint8_t{1});
  return pixels;
}

std::vector<float> Augmented(const AugmentConfig& config, uint64_t sample) {
  std::vector<float> out(static_cast<size_t>(kShape.values()));
  AugmentImage(config, kShape, PlainValues(3), Gradient(kShape), Rng(3, sample), out);
  return out;
}

float At(const std::vector<float>& image, int64_t c, int64_t y, int64_t x) {
  return image[static_cast<size_t>((c * kShape.side + y) * kShape.side + x)];
}

TEST(Augment, ChangesNothingByDefault) {
  std::vector<float> plain(static_cast<size_t>(kShape.values()));
  ImageValues(kShape, PlainValues(3), Gradient(kShape), plain);
  EXPECT_EQ(Augmented({}, 5), plain);
  EXPECT_EQ(At(plain, 1, 0, 0), static_cast<float>(12 * 12 + 1 + 1));
}

TEST(Augment, NormalizesEachChannel) {
  const io::ImagePreprocessor preprocessor{{0.5f, 0.25f, 0}, {0.5f, 1, 2}};
  const std::vector<float> values = PixelValues(preprocessor);
  ASSERT_EQ(values.size(), 3u * 256);
  EXPECT_FLOAT_EQ(values[0], -1);
  EXPECT_FLOAT_EQ(values[255], 1);
  EXPECT_FLOAT_EQ(values[256 + 255], 0.75f);
  EXPECT_FLOAT_EQ(values[512 + 51], 0.1f);
}

TEST(Augment, FlipMirrorsHalfOfTheImages) {
  AugmentConfig config;
  config.flip = true;
  const std::vector<float> plain = Augmented({}, 0);
  int mirrored = 0;
  for (uint64_t sample = 0; sample < 200; ++sample) {
    const std::vector<float> image = Augmented(config, sample);
    if (image == plain) {
      continue;
    }
    ++mirrored;
    for (int64_t c = 0; c < 3; ++c) {
      for (int64_t y = 0; y < 12; ++y) {
        for (int64_t x = 0; x < 12; ++x) {
          ASSERT_EQ(At(image, c, y, x), At(plain, c, y, 11 - x));
        }
      }
    }
  }
  EXPECT_GT(mirrored, 60);
  EXPECT_LT(mirrored, 140);
}

TEST(Augment, CropIsAShiftWithBlackBorders) {
  AugmentConfig config;
  config.crop_padding = 2;
  const std::vector<float> plain = Augmented({}, 0);
  std::vector<bool> seen(25);
  for (uint64_t sample = 0; sample < 500; ++sample) {
    const std::vector<float> image = Augmented(config, sample);
    // The one shift that explains every pixel.
    int64_t found = -1;
    for (int64_t shift = 0; shift < 25; ++shift) {
      const int64_t down = shift / 5 - 2, right = shift % 5 - 2;
      bool same = true;
      for (int64_t i = 0; i < 3 * 144 && same; ++i) {
        const int64_t c = i / 144, y = i / 12 % 12 + down, x = i % 12 + right;
        const bool inside = y >= 0 && y < 12 && x >= 0 && x < 12;
        same = At(image, c, i / 12 % 12, i % 12) == (inside ? At(plain, c, y, x) : 1);
      }
      found = same ? shift : found;
    }
    ASSERT_GE(found, 0) << sample;
    seen[static_cast<size_t>(found)] = true;
  }
  EXPECT_EQ(std::count(seen.begin(), seen.end(), true), 25);
}

TEST(Augment, ErasingStaysInsideAndInItsBounds) {
  for (const int64_t side : {12, 28, 224}) {
    const double whole = static_cast<double>(side * side);
    for (uint64_t sample = 0; sample < 2000; ++sample) {
      const Rect rect = DrawErased(side, Rng(1, sample));
      ASSERT_GE(rect.top, 0);
      ASSERT_GE(rect.left, 0);
      ASSERT_LE(rect.top + rect.height, side);
      ASSERT_LE(rect.left + rect.width, side);
      ASSERT_GT(rect.area(), 0);
      // Rounding the sides moves the area by less than a row and a column.
      ASSERT_LT(static_cast<double>(rect.area()), whole / 3 + static_cast<double>(2 * side));
      ASSERT_LT(static_cast<double>(rect.height), 4.5 * static_cast<double>(rect.width + 1));
      ASSERT_LT(static_cast<double>(rect.width), 4.5 * static_cast<double>(rect.height + 1));
    }
  }
  EXPECT_EQ(DrawErased(1, Rng(1, 1)).area(), 0);  // nothing fits
}

TEST(Augment, ErasesWithTheGivenProbabilityAndNothingElse) {
  AugmentConfig config;
  config.erase = 0.25;
  const std::vector<float> plain = Augmented({}, 0);
  int erased = 0;
  for (uint64_t sample = 0; sample < 1000; ++sample) {
    const std::vector<float> image = Augmented(config, sample);
    if (image == plain) {
      continue;
    }
    ++erased;
    const Rect rect = DrawErased(kShape.side, Rng(3, sample));
    for (int64_t i = 0; i < kShape.values(); ++i) {
      const int64_t y = i / 12 % 12, x = i % 12;
      const bool inside = y >= rect.top && y < rect.top + rect.height && x >= rect.left &&
                          x < rect.left + rect.width;
      const auto at = static_cast<size_t>(i);
      ASSERT_EQ(image[at] == plain[at], !inside) << sample << " " << i;
      ASSERT_LT(std::abs(image[at]), inside ? 7 : 300);  // noise of unit variance
    }
  }
  EXPECT_GT(erased, 180);
  EXPECT_LT(erased, 320);
}

TEST(Mix, BetaHasItsMeanAndVariance) {
  for (const double alpha : {0.1, 0.8, 1.0, 4.0}) {
    double sum = 0, squares = 0;
    constexpr int kDraws = 20000;
    for (uint64_t i = 0; i < kDraws; ++i) {
      const double x = DrawBeta(alpha, Rng(7, i));
      ASSERT_GE(x, 0);
      ASSERT_LE(x, 1);
      sum += x;
      squares += x * x;
    }
    const double mean = sum / kDraws, variance = squares / kDraws - mean * mean;
    const double expected = 1 / (4 * (2 * alpha + 1));
    EXPECT_NEAR(mean, 0.5, 5 * std::sqrt(expected / kDraws)) << alpha;
    EXPECT_NEAR(variance, expected, 0.05 * expected) << alpha;
  }
}

TEST(Mix, CutmixAreaEqualsItsWeight) {
  AugmentConfig config;
  config.cutmix = 1;
  const ImageShape shape{1, 28};
  int seen = 0;
  for (uint64_t batch = 0; batch < 500; ++batch) {
    const Mix mix = DrawMix(config, shape.side, Rng(2, batch));
    ASSERT_TRUE(mix.pastes);
    std::vector<float> image(784, 1), partner(784, 0);
    MixImages(mix, shape, partner, image);
    const double kept = std::accumulate(image.begin(), image.end(), 0.0) / 784;
    ASSERT_NEAR(kept, mix.weight, 1e-12);
    seen += mix.weight > 0.05 && mix.weight < 0.95;
  }
  EXPECT_GT(seen, 300);
}

TEST(Mix, MixupIsAWeightedSum) {
  AugmentConfig config;
  config.mixup = 0.8;
  const ImageShape shape{1, 2};
  for (uint64_t batch = 0; batch < 100; ++batch) {
    const Mix mix = DrawMix(config, shape.side, Rng(2, batch));
    ASSERT_FALSE(mix.pastes);
    std::vector<float> image = {1, 2, 3, 4};
    MixImages(mix, shape, std::vector<float>{5, 5, 5, -5}, image);
    const double w = mix.weight;
    for (size_t i = 0; i < 4; ++i) {
      const double own = static_cast<double>(i + 1), other = i == 3 ? -5 : 5;
      EXPECT_NEAR(image[i], w * own + (1 - w) * other, 1e-6);
    }
  }
}

TEST(Mix, EitherByItsProbability) {
  AugmentConfig config;
  config.mixup = 0.8;
  config.cutmix = 1;
  config.mix_probability = 0.75;
  config.cutmix_share = 0.4;
  int mixed = 0, pasted = 0;
  for (uint64_t batch = 0; batch < 4000; ++batch) {
    const Mix mix = DrawMix(config, 28, Rng(4, batch));
    mixed += mix.weight < 1;
    pasted += mix.pastes;
  }
  EXPECT_NEAR(mixed, 3000, 200);
  EXPECT_NEAR(pasted, 1200, 150);
  EXPECT_EQ(DrawMix({}, 28, Rng(4, 1)).weight, 1);
}

TEST(Mix, TargetsSumToOne) {
  Mix mix;
  mix.weight = 0.7;
  std::vector<float> target(4);
  MixTargets(mix, 2, 0, 0.1, target);
  EXPECT_FLOAT_EQ(target[0], 0.9f * 0.3f + 0.025f);
  EXPECT_FLOAT_EQ(target[1], 0.025f);
  EXPECT_FLOAT_EQ(target[2], 0.9f * 0.7f + 0.025f);
  EXPECT_FLOAT_EQ(target[3], 0.025f);
  MixTargets(mix, 1, 1, 0, target);  // both images of one class
  EXPECT_EQ(target, (std::vector<float>{0, 1, 0, 0}));
}

TEST(Augment, ConfigNamesTheField) {
  const auto error = [](auto change) {
    AugmentConfig config;
    change(config);
    try {
      config.Validate();
    } catch (const UsageError& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  EXPECT_NE(error([](AugmentConfig& c) { c.erase = 1.5; }).find("augment.erase"),
            std::string::npos);
  EXPECT_NE(error([](AugmentConfig& c) { c.mixup = -1; }).find("augment.mixup"), std::string::npos);
  EXPECT_NE(error([](AugmentConfig& c) { c.label_smoothing = 1; }).find("label_smoothing"),
            std::string::npos);
  EXPECT_NE(error([](AugmentConfig& c) { c.crop_padding = -1; }).find("crop_padding"),
            std::string::npos);
  EXPECT_EQ(error([](AugmentConfig&) {}), "");
}

class Sampler : public ::testing::Test {
 protected:
  static constexpr int64_t kImages = 40, kSide = 6;

  void SetUp() override {
    std::string pixels, labels;
    for (int64_t i = 0; i < kImages; ++i) {
      labels += static_cast<char>(i % 4);
      for (int64_t j = 0; j < kSide * kSide; ++j) {
        pixels += static_cast<char>(i * 5 + j);
      }
    }
    testing::SpillGzip(folder_ / "i", testing::IdxBytes({kImages, kSide, kSide}, pixels));
    testing::SpillGzip(folder_ / "l", testing::IdxBytes({kImages}, labels));
    images_ = OpenIdxImages(folder_ / "i", folder_ / "l", {"a", "b", "c", "d"}, {});
  }

  /// Values and targets of some samples.
  std::vector<float> Samples(const ImageSampler& sampler, int64_t first, int64_t count) const {
    std::vector<float> values(static_cast<size_t>(count * kSide * kSide));
    std::vector<float> targets(static_cast<size_t>(count * 4));
    sampler.Fill(first, count, values, targets);
    values.insert(values.end(), targets.begin(), targets.end());
    return values;
  }

  static AugmentConfig Everything() {
    AugmentConfig config;
    config.flip = true;
    config.crop_padding = 1;
    config.erase = 0.5;
    config.mixup = 0.8;
    config.cutmix = 1;
    config.label_smoothing = 0.1;
    return config;
  }

  testing::TemporaryFolder folder_;
  std::shared_ptr<const ImageSet> images_;
  io::ImagePreprocessor preprocessor_{{0.3f}, {0.2f}};
};

TEST_F(Sampler, EachEpochSeesEachImageOnceInAnotherOrder) {
  const ImageSampler sampler(*images_, preprocessor_, {}, 8, 1);
  std::vector<int64_t> orders[2];
  for (int64_t sample = 0; sample < 2 * kImages; ++sample) {
    orders[sample / kImages].push_back(sampler.ImageOf(sample));
  }
  EXPECT_NE(orders[0], orders[1]);
  for (std::vector<int64_t>& order : orders) {
    std::sort(order.begin(), order.end());
    for (int64_t i = 0; i < kImages; ++i) {
      EXPECT_EQ(order[static_cast<size_t>(i)], i);
    }
  }
  EXPECT_NE(ImageSampler(*images_, preprocessor_, {}, 8, 2).ImageOf(0) * 1000 +
                ImageSampler(*images_, preprocessor_, {}, 8, 2).ImageOf(1),
            sampler.ImageOf(0) * 1000 + sampler.ImageOf(1));
}

TEST_F(Sampler, ASampleDoesNotDependOnHowItIsAskedFor) {
  const ImageSampler sampler(*images_, preprocessor_, Everything(), 8, 1);
  const ImageSampler again(*images_, preprocessor_, Everything(), 8, 1);
  const size_t size = kSide * kSide;
  SetNumThreads(1);
  const std::vector<float> whole = Samples(sampler, 16, 8);
  SetNumThreads(3);
  for (int64_t i = 0; i < 8; ++i) {
    const std::vector<float> one = Samples(again, 16 + i, 1);
    const auto at = static_cast<std::ptrdiff_t>(i);
    EXPECT_TRUE(std::equal(one.begin(), one.begin() + size, whole.begin() + at * size)) << i;
    EXPECT_TRUE(std::equal(one.begin() + size, one.end(), whole.begin() + 8 * size + at * 4)) << i;
  }
  SetNumThreads(0);
  EXPECT_NE(Samples(sampler, 24, 8), whole);
}

TEST_F(Sampler, ABatchMixesWithItselfFromItsEnds) {
  AugmentConfig config;
  config.cutmix = 1;
  const ImageSampler sampler(*images_, preprocessor_, config, 8, 1);
  const ImageSampler plain(*images_, preprocessor_, {}, 8, 1);
  const size_t size = kSide * kSide;
  int mixed = 0;
  for (int64_t batch = 0; batch < 5; ++batch) {
    const std::vector<float> mixes = Samples(sampler, batch * 8, 8);
    const std::vector<float> own = Samples(plain, batch * 8, 8);
    for (size_t i = 0; i < 8; ++i) {
      const size_t partner = 7 - i;
      double kept = 0;
      for (size_t j = 0; j < size; ++j) {
        const float value = mixes[i * size + j];
        ASSERT_TRUE(value == own[i * size + j] || value == own[partner * size + j]);
        kept += value == own[i * size + j];
      }
      mixed += kept < size;
      const float* target = mixes.data() + 8 * size + i * 4;
      EXPECT_FLOAT_EQ(target[0] + target[1] + target[2] + target[3], 1);
      const auto label_of = [&](size_t place) {
        return images_->Label(sampler.ImageOf(batch * 8 + static_cast<int64_t>(place)));
      };
      if (label_of(i) != label_of(partner)) {
        EXPECT_LE(target[label_of(i)], kept / size + 1e-6);
        EXPECT_FLOAT_EQ(target[label_of(i)] + target[label_of(partner)], 1);
      }
    }
  }
  EXPECT_GT(mixed, 8);
}

}  // namespace
}  // namespace tersor::data
