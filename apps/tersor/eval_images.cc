#include "eval_images.h"

#include <filesystem>
#include <memory>
#include <optional>

#include "run_config.h"
#include "tersor/data/image_set.h"
#include "tersor/eval/image_accuracy.h"
#include "tersor/io/image_preprocessor.h"
#include "tersor/model/vit.h"
#include "tersor/precision/precision.h"
#include "tersor/runtime/vision_transformer.h"
#include "tersor/util/progress.h"

namespace tersor::cli {

bool IsImageModelFolder(const std::string& path) {
  return std::filesystem::exists(path + "/config.json") &&
         RunConfig::IsImageModel(io::ReadModelType(path));
}

void EvalImages(const ImageEvalOptions& options, Record& record) {
  const io::VitConfig shape = io::ReadVitConfig(options.model);
  std::unique_ptr<precision::Precision> precision;
  std::unique_ptr<model::Vit> vit;
  std::optional<runtime::VisionTransformer> served;
  if (options.engine == "runtime") {
    served = runtime::VisionTransformer::Load(options.model, options.weights);
  } else {
    precision = precision::MakePrecision(shape.quantization);
    vit = model::LoadVit(options.model, precision->plugs);
  }
  const std::shared_ptr<const data::ImageSet> images =
      data::OpenImages(options.data, "test", {shape.num_channels, shape.image_size});
  eval::AccuracyOptions accuracy;
  accuracy.max_images = options.max_images;
  accuracy.classes = eval::MatchClasses(shape.labels, images->classes(), options.data);
  std::optional<Progress> progress;
  accuracy.progress = [&](int64_t done, int64_t total) {
    if (!progress) {
      progress.emplace("evaluating", total, "image");
    }
    progress->Update(done);
  };
  const eval::AccuracySums sums = eval::SumAccuracy(
      served ? eval::MakeClassifier(*served) : eval::MakeClassifier(*vit), *images,
      io::ReadImagePreprocessor(options.model, shape.num_channels), accuracy);
  if (progress) {
    progress->Finish();
  }
  record.metrics["accuracy"] = sums.correct / sums.images;
  record.metrics["top5_accuracy"] = sums.correct5 / sums.images;
  record.metrics["loss"] = sums.loss / sums.images;
  record.metrics["images"] = static_cast<int64_t>(sums.images);
}

}  // namespace tersor::cli
