// Labelled images of one size: named data sets, and folders with a sub-folder a class.
#ifndef TERSOR_DATA_IMAGE_SET_H_
#define TERSOR_DATA_IMAGE_SET_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tersor/io/image_preprocessor.h"

namespace tersor::data {

/// Square images [channels, side, side].
struct ImageShape {
  int64_t channels = 0;  // 1 grey, 3 red, green, blue
  int64_t side = 0;      // pixels
  int64_t values() const { return channels * side * side; }
  bool operator==(const ImageShape&) const = default;
};

class ImageSet {
 public:
  virtual ~ImageSet() = default;
  virtual int64_t size() const = 0;
  /// Of image `index`, in [0, classes().size()).
  virtual int64_t Label(int64_t index) const = 0;
  /// Pixels [channels, side, side] of image `index`. Safe to call from several threads.
  virtual void Fill(int64_t index, std::span<uint8_t> pixels) const = 0;

  const ImageShape& shape() const { return shape_; }
  const std::vector<std::string>& classes() const { return classes_; }

 protected:
  ImageSet(const ImageShape& shape, std::vector<std::string> classes)
      : shape_(shape), classes_(std::move(classes)) {}

 private:
  ImageShape shape_;
  std::vector<std::string> classes_;
};

/// Some images of another set, in the given order.
class ImageSubset : public ImageSet {
 public:
  ImageSubset(std::shared_ptr<const ImageSet> whole, std::vector<int64_t> indices)
      : ImageSet(whole->shape(), whole->classes()),
        whole_(std::move(whole)),
        indices_(std::move(indices)) {}
  int64_t size() const override { return static_cast<int64_t>(indices_.size()); }
  int64_t Label(int64_t index) const override { return whole_->Label(At(index)); }
  void Fill(int64_t index, std::span<uint8_t> pixels) const override {
    whole_->Fill(At(index), pixels);
  }

 private:
  int64_t At(int64_t index) const { return indices_[static_cast<size_t>(index)]; }
  std::shared_ptr<const ImageSet> whole_;
  std::vector<int64_t> indices_;
};

/// True for "images:NAME", a data set by name.
bool IsImageSetName(std::string_view name);

/// "images:fashion-mnist" (Xiao et al. 2017, arXiv:1708.07747) with the split `split` ("train",
/// "validation" or "test"), which "images:fashion-mnist/SPLIT" overrides: the last 5,000 of the
/// 60,000 training images are the validation split. Or a folder, whose split is the folder itself.
/// `wanted`: what images are converted to; 0 means as the set has it (a folder: 224 pixels in
/// color). Throws Error naming the path or the package to install, UsageError for an unknown name.
std::shared_ptr<const ImageSet> OpenImages(const std::string& name, const std::string& split,
                                           const ImageShape& wanted);

/// Images and labels in IDX files, gzipped or not. Throws Error naming the file: truncated, counts
/// that differ, a label without a class.
std::shared_ptr<const ImageSet> OpenIdxImages(const std::string& images, const std::string& labels,
                                              const std::vector<std::string>& classes,
                                              const ImageShape& wanted);

/// Each sub-folder is a class of the PNG and JPEG files in it, at any depth; classes and images are
/// in the order of their names. Where all pixels need no more than a gigabyte the files are decoded
/// here and kept, else each time they are used. Throws Error naming what is wrong: no sub-folders,
/// a class without images, an image that cannot be read.
std::shared_ptr<const ImageSet> OpenImageFolder(const std::string& folder,
                                                const ImageShape& wanted);

/// Every twentieth image of each class held out, and the rest.
struct HeldOut {
  std::shared_ptr<const ImageSet> kept, held;  // held: null where no class has twenty images
};
HeldOut HoldOutImages(const std::shared_ptr<const ImageSet>& images);

/// Mean and deviation of each channel, over at most 10,000 images evenly spaced; a deviation is at
/// least one step of a pixel.
io::ImagePreprocessor MeasureChannels(const ImageSet& images);

}  // namespace tersor::data

#endif  // TERSOR_DATA_IMAGE_SET_H_
