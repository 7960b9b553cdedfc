// preprocessor_config.json: how pixels become a model's input.
#ifndef TERSOR_IO_IMAGE_PREPROCESSOR_H_
#define TERSOR_IO_IMAGE_PREPROCESSOR_H_

#include <cstdint>
#include <string>
#include <vector>

namespace tersor::io {

/// A value of channel c is (pixel / 255 - mean[c]) / std[c]. Images are first resized as a whole to
/// the model's square (bilinear, as transformers' ViTImageProcessor does).
struct ImagePreprocessor {
  std::vector<float> mean, std;

  /// The 256 values of a channel's pixels.
  std::vector<float> Table(int64_t channel) const;
};

/// Of a model folder; without the file mean and std are 0.5, ViT's own. Throws Error naming the
/// file and the field: not a list of `channels` numbers, a deviation that is not above 0.
ImagePreprocessor ReadImagePreprocessor(const std::string& folder, int64_t channels);

/// Writes the file for ViTImageProcessor and images of `size` pixels a side.
void WriteImagePreprocessor(const std::string& folder, const ImagePreprocessor& preprocessor,
                            int64_t size);

}  // namespace tersor::io

#endif  // TERSOR_IO_IMAGE_PREPROCESSOR_H_
