#include "tersor/eval/image_accuracy.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "tersor/data/augment.h"
#include "tersor/model/vit.h"
#include "tersor/runtime/vision_transformer.h"
#include "tersor/util/error.h"
#include "tersor/util/interrupt.h"
#include "tersor/util/log.h"
#include "tersor/util/parallel_for.h"

namespace tersor::eval {
namespace {

constexpr int64_t kTop = 5;

/// Images [first, first + count) as the model sees them.
void ReadBatch(const data::ImageSet& images, const std::vector<float>& values, int64_t first,
               int64_t count, float* out) {
  const data::ImageShape& shape = images.shape();
  const auto size = static_cast<size_t>(shape.values());
  ParallelFor(0, count, 1, [&](int64_t begin, int64_t end) {
    std::vector<uint8_t> pixels(size);
    for (int64_t i = begin; i < end; ++i) {
      images.Fill(first + i, pixels);
      data::ImageValues(shape, values, pixels, {out + i * shape.values(), size});
    }
  });
}

void AddImage(std::span<const float> logits, int64_t label, AccuracySums& sums) {
  const float own = logits[static_cast<size_t>(label)];
  // The own class is one of those that score at least as high; of scores that are NaN there is
  // none.
  const auto rank = std::ranges::count_if(logits, [&](float score) { return score >= own; });
  sums.correct += rank == 1 ? 1 : 0;
  sums.correct5 += rank >= 1 && rank <= kTop ? 1 : 0;
  const double highest = std::ranges::max(logits);
  const double total =
      std::accumulate(logits.begin(), logits.end(), 0.0,
                      [&](double sum, float score) { return sum + std::exp(score - highest); });
  sums.loss += highest + std::log(total) - own;
  ++sums.images;
}

}  // namespace

ImageClassifier MakeClassifier(model::Vit& model) {
  const io::VitConfig& c = model.config();
  return {
      c.classes(), [&](const float* images, int64_t count, float* logits) {
        const at::NoGradGuard no_grad;
        const at::Tensor batch =
            at::from_blob(const_cast<float*>(images),
                          {count, c.num_channels, c.image_size, c.image_size}, at::kFloat);
        at::from_blob(logits, {count, c.classes()}, at::kFloat).copy_(model.Forward(batch).logits);
      }};
}

ImageClassifier MakeClassifier(runtime::VisionTransformer& model) {
  return {model.config().classes(), [&](const float* images, int64_t count, float* logits) {
            model.Run(images, count, logits);
          }};
}

AccuracySums SumAccuracy(const ImageClassifier& classifier, const data::ImageSet& images,
                         const io::ImagePreprocessor& preprocessor,
                         const AccuracyOptions& options) {
  const std::vector<float> values = data::PixelValues(preprocessor);
  const int64_t total =
      options.max_images > 0 ? std::min(options.max_images, images.size()) : images.size();
  const auto classes = static_cast<size_t>(classifier.classes);
  std::vector<float> batch(static_cast<size_t>(options.batch * images.shape().values()));
  std::vector<float> logits(static_cast<size_t>(options.batch) * classes);
  AccuracySums sums;
  for (int64_t first = options.first * options.batch; first < total;
       first += options.stride * options.batch) {
    ThrowIfInterrupted("stopped while evaluating");
    const int64_t count = std::min(options.batch, total - first);
    ReadBatch(images, values, first, count, batch.data());
    classifier.score(batch.data(), count, logits.data());
    for (int64_t i = 0; i < count; ++i) {
      const int64_t label = images.Label(first + i);
      AddImage(std::span(logits).subspan(static_cast<size_t>(i) * classes, classes),
               options.classes.empty() ? label : options.classes[static_cast<size_t>(label)], sums);
    }
    if (options.progress) {
      options.progress(first + count, total);
    }
  }
  return sums;
}

std::vector<int64_t> MatchClasses(const std::vector<std::string>& model_labels,
                                  const std::vector<std::string>& classes,
                                  const std::string& source) {
  if (model_labels == classes) {
    return {};
  }
  std::vector<int64_t> ids;
  for (const std::string& name : classes) {
    const auto found = std::find(model_labels.begin(), model_labels.end(), name);
    if (found == model_labels.end()) {
      TERSOR_CHECK(model_labels.size() == classes.size(), source, ": the model has no class ",
                   name);
      log::Warn("{}: the model has no class {}; classes are matched by position", source, name);
      return {};
    }
    ids.push_back(found - model_labels.begin());
  }
  return ids;
}

}  // namespace tersor::eval
