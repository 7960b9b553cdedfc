#include "tersor/data/image_set.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numeric>

#include "tersor/util/error.h"
#include "tersor/util/parallel_for.h"

namespace tersor::data {
namespace {

constexpr std::string_view kPrefix = "images:";
constexpr const char* kFashion = "fashion-mnist";
constexpr const char* kFashionFolder = "/usr/share/datasets/fashion-mnist";
constexpr int64_t kFashionValidation = 5000;

std::shared_ptr<const ImageSet> OpenFashionMnist(const std::string& split,
                                                 const ImageShape& wanted) {
  if (split != "train" && split != "validation" && split != "test") {
    FailUsage("images:", kFashion, " has no split ", split, "; there are: train, validation, test");
  }
  const std::string part = std::string(kFashionFolder) + (split == "test" ? "/t10k" : "/train");
  const std::string images = part + "-images-idx3-ubyte.gz";
  TERSOR_CHECK(std::filesystem::exists(images), images,
               ": is missing; install the Debian package dataset-fashion-mnist (make setup)");
  std::shared_ptr<const ImageSet> whole =
      OpenIdxImages(images, part + "-labels-idx1-ubyte.gz",
                    {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt",
                     "Sneaker", "Bag", "Ankle boot"},
                    wanted);
  if (split == "test") {
    return whole;
  }
  TERSOR_CHECK(whole->size() > kFashionValidation, images, ": has only ", whole->size(), " images");
  const int64_t border = whole->size() - kFashionValidation;
  std::vector<int64_t> indices(static_cast<size_t>(split == "train" ? border : kFashionValidation));
  std::iota(indices.begin(), indices.end(), split == "train" ? 0 : border);
  return std::make_shared<ImageSubset>(std::move(whole), std::move(indices));
}

/// Sums over pixels that do not depend on the order of the additions.
struct ChannelSums {
  uint64_t sum = 0, squares = 0;
};

}  // namespace

bool IsImageSetName(std::string_view name) { return name.starts_with(kPrefix); }

std::shared_ptr<const ImageSet> OpenImages(const std::string& name, const std::string& split,
                                           const ImageShape& wanted) {
  if (!IsImageSetName(name)) {
    return OpenImageFolder(name, wanted);
  }
  const std::string set = name.substr(kPrefix.size());
  const size_t slash = set.find('/');
  if (set.substr(0, slash) != kFashion) {
    FailUsage("there is no image set ", set.substr(0, slash), "; there are: ", kFashion);
  }
  return OpenFashionMnist(slash == std::string::npos ? split : set.substr(slash + 1), wanted);
}

HeldOut HoldOutImages(const std::shared_ptr<const ImageSet>& images) {
  constexpr int64_t kEvery = 20;
  std::vector<int64_t> seen(images->classes().size()), kept, held;
  for (int64_t i = 0; i < images->size(); ++i) {
    const auto label = static_cast<size_t>(images->Label(i));
    (++seen[label] % kEvery == 0 ? held : kept).push_back(i);
  }
  if (held.empty()) {
    return {images, nullptr};
  }
  return {std::make_shared<ImageSubset>(images, std::move(kept)),
          std::make_shared<ImageSubset>(images, std::move(held))};
}

io::ImagePreprocessor MeasureChannels(const ImageSet& images) {
  constexpr int64_t kMost = 10000;
  const int64_t count = std::min(images.size(), kMost);
  const ImageShape shape = images.shape();
  const int64_t plane = shape.side * shape.side;
  std::vector<ChannelSums> sums(static_cast<size_t>(count * shape.channels));
  ParallelFor(0, count, 1, [&](int64_t first, int64_t last) {
    std::vector<uint8_t> pixels(static_cast<size_t>(shape.values()));
    for (int64_t i = first; i < last; ++i) {
      images.Fill(i * images.size() / count, pixels);
      for (int64_t j = 0; j < shape.values(); ++j) {
        ChannelSums& channel = sums[static_cast<size_t>(i * shape.channels + j / plane)];
        const uint64_t pixel = pixels[static_cast<size_t>(j)];
        channel.sum += pixel;
        channel.squares += pixel * pixel;
      }
    }
  });
  io::ImagePreprocessor measured;
  const double elements = static_cast<double>(count * plane);
  for (int64_t c = 0; c < shape.channels; ++c) {
    ChannelSums all;
    for (int64_t i = 0; i < count; ++i) {
      const ChannelSums& image = sums[static_cast<size_t>(i * shape.channels + c)];
      all.sum += image.sum;
      all.squares += image.squares;
    }
    const double mean = static_cast<double>(all.sum) / elements;
    const double variance = static_cast<double>(all.squares) / elements - mean * mean;
    measured.mean.push_back(static_cast<float>(mean / 255));
    measured.std.push_back(
        static_cast<float>(std::max(std::sqrt(std::max(variance, 0.0)), 1.0) / 255));
  }
  return measured;
}

}  // namespace tersor::data
