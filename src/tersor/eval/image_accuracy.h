// Accuracy of an image classifier.
#ifndef TERSOR_EVAL_IMAGE_ACCURACY_H_
#define TERSOR_EVAL_IMAGE_ACCURACY_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tersor/data/image_set.h"

namespace tersor::model {
class Vit;
}
namespace tersor::runtime {
class VisionTransformer;
}

namespace tersor::eval {

/// Scores images [count, channels, side, side], as ImagePreprocessor makes them: logits [count,
/// classes].
struct ImageClassifier {
  int64_t classes = 0;
  std::function<void(const float* images, int64_t count, float* logits)> score;
};

/// The torch model, and the runtime's; each must outlive the classifier.
ImageClassifier MakeClassifier(model::Vit& model);
ImageClassifier MakeClassifier(runtime::VisionTransformer& model);

/// Sums over images; additive over ranks. An image counts as correct among the best k where fewer
/// than k classes score at least as high as its own.
struct AccuracySums {
  double loss = 0;  // nats
  double images = 0;
  double correct = 0, correct5 = 0;  // the best class, one of the five best
};

struct AccuracyOptions {
  int64_t max_images = 0;         // the first ones only; 0: all
  int64_t batch = 64;             // images a forward pass
  int64_t first = 0, stride = 1;  // batches first, first + stride, ...: a rank's share
  std::vector<int64_t> classes;   // the model's class of each class of the set; empty: the same
  std::function<void(int64_t done, int64_t total)> progress;  // in images
};

/// Runs the model over the images without augmentation; each is seen at the model's size.
AccuracySums SumAccuracy(const ImageClassifier& classifier, const data::ImageSet& images,
                         const io::ImagePreprocessor& preprocessor, const AccuracyOptions& options);

/// AccuracyOptions::classes: by name where the model knows them all; else by position where there
/// are as many, with a warning. Throws Error naming `source` and a class that the model lacks.
std::vector<int64_t> MatchClasses(const std::vector<std::string>& model_labels,
                                  const std::vector<std::string>& classes,
                                  const std::string& source);

}  // namespace tersor::eval

#endif  // TERSOR_EVAL_IMAGE_ACCURACY_H_
