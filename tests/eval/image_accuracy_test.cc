// Accuracy over images whose scores are known.
#include "tersor/eval/image_accuracy.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "data/image_files.h"
#include "tersor/model/vit.h"
#include "tersor/util/error.h"

namespace tersor::eval {
namespace {

/// 60 images of 8 classes, image i of class i % 8, and a model whose scores do not look at them.
class ImageAccuracy : public ::testing::Test {
 protected:
  static constexpr int64_t kImages = 60;

  void SetUp() override {
    std::string labels;
    for (int64_t i = 0; i < kImages; ++i) {
      labels += static_cast<char>(i % 8);
    }
    const std::vector<std::string> classes = {"a", "b", "c", "d", "e", "f", "g", "h"};
    testing::SpillGzip(folder_ / "i",
                       testing::IdxBytes({kImages, 4, 4}, std::string(kImages * 16, 'x')));
    testing::SpillGzip(folder_ / "l", testing::IdxBytes({kImages}, labels));
    images_ = data::OpenIdxImages(folder_ / "i", folder_ / "l", classes, {});
    io::VitConfig config;
    config.hidden_size = 8;
    config.intermediate_size = 8;
    config.num_hidden_layers = 1;
    config.num_attention_heads = 1;
    config.image_size = config.patch_size = 4;
    config.num_channels = 1;
    config.labels = classes;
    vit_ = std::make_unique<model::Vit>(config);
  }

  /// The classifier's biases: all weights are zero.
  void SetScores(const std::vector<float>& scores) {
    const at::NoGradGuard no_grad;
    vit_->Parameters().back().value.copy_(at::tensor(scores));
  }

  AccuracySums Sums(const AccuracyOptions& options = {}) {
    return SumAccuracy(MakeClassifier(*vit_), *images_, {{0.5f}, {0.5f}}, options);
  }

  testing::TemporaryFolder folder_;
  std::shared_ptr<const data::ImageSet> images_;
  std::unique_ptr<model::Vit> vit_;
};

TEST_F(ImageAccuracy, CountsTheBestAndTheBestFive) {
  SetScores({8, 7, 6, 5, 4, 3, 2, 1});
  const AccuracySums sums = Sums();
  EXPECT_EQ(sums.images, 60);
  EXPECT_EQ(sums.correct, 8);    // class a: 0, 8, .. 56
  EXPECT_EQ(sums.correct5, 39);  // classes a to d have 8 each, e to h 7
  double total = 0, loss = 0;
  for (int s = 1; s <= 8; ++s) {
    total += std::exp(s);
  }
  for (int64_t i = 0; i < kImages; ++i) {
    loss += std::log(total) - static_cast<double>(8 - i % 8);
  }
  EXPECT_NEAR(sums.loss, loss, 1e-3);
}

TEST_F(ImageAccuracy, ATieIsNoHit) {
  SetScores({0, 0, 0, 0, 0, 0, 0, 0});
  EXPECT_EQ(Sums().correct, 0);
  EXPECT_EQ(Sums().correct5, 0);
  SetScores({NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN});
  EXPECT_EQ(Sums().correct5, 0);
}

TEST_F(ImageAccuracy, SharesOfRanksSumToTheWhole) {
  SetScores({1, 9, 3, 8, 4, 2, 5, 7});
  const AccuracySums whole = Sums();
  AccuracySums sum;
  for (int64_t rank = 0; rank < 3; ++rank) {
    AccuracyOptions options;
    options.batch = 7;
    options.first = rank;
    options.stride = 3;
    const AccuracySums part = Sums(options);
    EXPECT_GT(part.images, 0);
    sum.loss += part.loss;
    sum.images += part.images;
    sum.correct += part.correct;
    sum.correct5 += part.correct5;
  }
  EXPECT_EQ(sum.images, whole.images);
  EXPECT_EQ(sum.correct, whole.correct);
  EXPECT_EQ(sum.correct5, whole.correct5);
  EXPECT_NEAR(sum.loss, whole.loss, 1e-4);
  AccuracyOptions few;
  few.max_images = 10;
  EXPECT_EQ(Sums(few).images, 10);
}

TEST_F(ImageAccuracy, ClassesGoByName) {
  const std::vector<std::string> labels = {"a", "b", "c"};
  EXPECT_TRUE(MatchClasses(labels, labels, "x").empty());
  EXPECT_EQ(MatchClasses(labels, {"c", "a"}, "x"), (std::vector<int64_t>{2, 0}));
  EXPECT_TRUE(MatchClasses(labels, {"x", "y", "z"}, "x").empty());  // by position
  EXPECT_THROW(MatchClasses(labels, {"a", "z"}, "x"), Error);
  // Every image of class a counts as b now.
  SetScores({0, 9, 0, 0, 0, 0, 0, 0});
  AccuracyOptions options;
  options.classes = {1, 0, 2, 3, 4, 5, 6, 7};
  EXPECT_EQ(Sums(options).correct, 8);
}

}  // namespace
}  // namespace tersor::eval
