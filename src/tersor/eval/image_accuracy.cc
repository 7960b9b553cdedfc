#include "tersor/eval/image_accuracy.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "tersor/data/augment.h"
#include "tersor/util/error.h"
#include "tersor/util/interrupt.h"
#include "tersor/util/log.h"
#include "tersor/util/parallel_for.h"

namespace tersor::eval {
namespace {

constexpr int64_t kTop = 5;

/// Images [first, first + count) as the model sees them.
at::Tensor ReadBatch(const data::ImageSet& images, const std::vector<float>& values, int64_t first,
                     int64_t count) {
  const data::ImageShape& shape = images.shape();
  const auto size = static_cast<size_t>(shape.values());
  at::Tensor batch = at::empty({count, shape.channels, shape.side, shape.side}, at::kFloat);
  float* out = batch.data_ptr<float>();
  ParallelFor(0, count, 1, [&](int64_t begin, int64_t end) {
    std::vector<uint8_t> pixels(size);
    for (int64_t i = begin; i < end; ++i) {
      images.Fill(first + i, pixels);
      data::ImageValues(shape, values, pixels, {out + i * shape.values(), size});
    }
  });
  return batch;
}

}  // namespace

AccuracySums SumAccuracy(model::Vit& model, const data::ImageSet& images,
                         const io::ImagePreprocessor& preprocessor,
                         const AccuracyOptions& options) {
  const at::NoGradGuard no_grad;
  const std::vector<float> values = data::PixelValues(preprocessor);
  const int64_t total =
      options.max_images > 0 ? std::min(options.max_images, images.size()) : images.size();
  AccuracySums sums;
  for (int64_t first = options.first * options.batch; first < total;
       first += options.stride * options.batch) {
    ThrowIfInterrupted("stopped while evaluating");
    const int64_t count = std::min(options.batch, total - first);
    at::Tensor labels = at::empty({count, 1}, at::kLong);
    for (int64_t i = 0; i < count; ++i) {
      const int64_t label = images.Label(first + i);
      labels.data_ptr<int64_t>()[i] =
          options.classes.empty() ? label : options.classes[static_cast<size_t>(label)];
    }
    const at::Tensor logits = model.Forward(ReadBatch(images, values, first, count)).logits;
    const at::Tensor own = logits.gather(1, labels);
    // The own class is one of those that score at least as high.
    const at::Tensor rank = (logits >= own).sum(1);
    sums.loss -= at::log_softmax(logits, -1).gather(1, labels).sum(at::kDouble).item<double>();
    sums.correct += static_cast<double>((rank == 1).sum().item<int64_t>());
    const at::Tensor among = at::logical_and(rank >= 1, rank <= kTop);
    sums.correct5 += static_cast<double>(among.sum().item<int64_t>());
    sums.images += static_cast<double>(count);
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
