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
#include "tersor/util/progress.h"

namespace tersor::cli {

bool IsImageModelFolder(const std::string& path) {
  return std::filesystem::exists(path + "/config.json") &&
         RunConfig::IsImageModel(io::ReadModelType(path));
}

void EvalImages(const std::string& model, const std::string& data, int64_t max_images,
                Record& record) {
  const std::unique_ptr<precision::Precision> precision =
      precision::MakePrecision(io::ReadVitConfig(model).quantization);
  const std::unique_ptr<model::Vit> vit = model::LoadVit(model, precision->plugs);
  const io::VitConfig& shape = vit->config();
  const std::shared_ptr<const data::ImageSet> images =
      data::OpenImages(data, "test", {shape.num_channels, shape.image_size});
  eval::AccuracyOptions options;
  options.max_images = max_images;
  options.classes = eval::MatchClasses(shape.labels, images->classes(), data);
  std::optional<Progress> progress;
  options.progress = [&](int64_t done, int64_t total) {
    if (!progress) {
      progress.emplace("evaluating", total, "image");
    }
    progress->Update(done);
  };
  const eval::AccuracySums sums = eval::SumAccuracy(
      *vit, *images, io::ReadImagePreprocessor(model, shape.num_channels), options);
  if (progress) {
    progress->Finish();
  }
  record.metrics["accuracy"] = sums.correct / sums.images;
  record.metrics["top5_accuracy"] = sums.correct5 / sums.images;
  record.metrics["loss"] = sums.loss / sums.images;
  record.metrics["images"] = static_cast<int64_t>(sums.images);
}

}  // namespace tersor::cli
