// `tersor train` on images: from an image set or a folder to a trained and measured classifier.
#include <ATen/ATen.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "tersor/data/image_sampler.h"
#include "tersor/data/image_set.h"
#include "tersor/eval/image_accuracy.h"
#include "tersor/io/checkpoint_files.h"
#include "tersor/model/vit.h"
#include "tersor/train/classification.h"
#include "tersor/train/image_batches.h"
#include "tersor/train/metrics_log.h"
#include "tersor/train/vit_estimate.h"
#include "tersor/util/error.h"
#include "tersor/util/log.h"
#include "train_kinds.h"

namespace tersor::cli {
namespace {

/// Images on which the change of the model's output is measured.
constexpr int64_t kProbeImages = 32;

struct Images {
  std::shared_ptr<const data::ImageSet> train, validation;  // validation: may be null
};

/// The sides and channels that images must have: the model's that is trained on, or the recipe's.
data::ImageShape WantedShape(const TrainRun& run) {
  const ImageConfig& image = run.config().image;
  if (run.options().init.empty()) {
    return {image.channels, image.size};
  }
  const io::VitConfig model = io::ReadVitConfig(run.options().init);
  const auto agree = [&](const char* field, int64_t asked, int64_t has) {
    if (asked != 0 && asked != has) {
      FailUsage(field, " is ", asked, ", but the model of ", run.options().init, " has ", has);
    }
  };
  agree("image.size", image.size, model.image_size);
  agree("image.channels", image.channels, model.num_channels);
  agree("model.patch_size", image.patch_size, model.patch_size);
  return {model.num_channels, model.image_size};
}

Images ReadImages(const TrainRun& run) {
  const RunConfig& config = run.config();
  const std::string& name = config.data.front();
  Images images{data::OpenImages(name, "train", WantedShape(run)), nullptr};
  if (!config.validation.empty()) {
    images.validation =
        data::OpenImages(config.validation.front(), "validation", images.train->shape());
  } else if (data::IsImageSetName(name) && name.find('/') == std::string::npos) {
    images.validation = data::OpenImages(name, "validation", images.train->shape());
  } else {
    data::HeldOut parts = data::HoldOutImages(images.train);
    images = {std::move(parts.kept), std::move(parts.held)};
  }
  return images;
}

/// A model over the classes of the images; one that is loaded with other classes gets a new
/// classifier.
std::unique_ptr<model::Vit> StartModel(const TrainRun& run, const data::ImageSet& images,
                                       const model::Plugs& plugs) {
  const std::string& init = run.options().init;
  std::unique_ptr<model::Vit> model;
  if (init.empty()) {
    model = std::make_unique<model::Vit>(run.config().VitShape(images), plugs);
    model->InitWeights(run.seed());
  } else if (io::ReadVitConfig(init).labels == images.classes()) {
    model = model::LoadVit(init, plugs);
  } else {
    log::Info("{}: has other classes than the data; its classifier starts anew", init);
    model = model::LoadVitForClasses(init, images.classes(), run.seed(), plugs);
  }
  model->SetRecompute(run.config().recompute);
  return model;
}

train::Evaluation Validate(model::Vit& model, const data::ImageSet& images,
                           const io::ImagePreprocessor& preprocessor,
                           const std::vector<int64_t>& classes, train::Communicator& communicator) {
  eval::AccuracyOptions options;
  options.first = communicator.rank();
  options.stride = communicator.size();
  options.classes = classes;
  const eval::AccuracySums sums =
      eval::SumAccuracy(eval::MakeClassifier(model), images, preprocessor, options);
  double all[] = {sums.loss, sums.images, sums.correct, sums.correct5};
  communicator.AllReduceSum(all);
  return {all[0] / all[1], {{"accuracy", all[2] / all[1]}, {"top5_accuracy", all[3] / all[1]}}};
}

/// The accuracies of the best evaluation, which the log has.
Json BestAccuracies(const std::string& folder, const train::RunState& state) {
  Json metrics = Json::object();
  for (const Json& line : train::ReadMetrics(folder + "/metrics.jsonl")) {
    if (line.at("step") == state.best_step && line.contains("validation_loss")) {
      for (const char* name : {"accuracy", "top5_accuracy"}) {
        metrics[std::string("validation_") + name] = line.at(name);
      }
    }
  }
  return metrics;
}

}  // namespace

void TrainImages(TrainRun& run) {
  const Images images = ReadImages(run);
  const data::ImageShape& pixels = images.train->shape();
  const std::string& init = run.options().init;
  const io::ImagePreprocessor preprocessor = init.empty()
                                                 ? data::MeasureChannels(*images.train)
                                                 : io::ReadImagePreprocessor(init, pixels.channels);
  log::Info("training images: {} of {} x {} pixels in {} classes", images.train->size(),
            pixels.side, pixels.side, images.train->classes().size());

  const std::unique_ptr<precision::Precision> precision = run.MakePrecision();
  const std::unique_ptr<model::Vit> model = StartModel(run, *images.train, precision->plugs);
  const io::VitConfig& shape = model->config();
  run.PrintEstimate(train::CountParameters(shape),
                    train::EstimateMemory(shape, run.MicroBatch(), run.config().recompute),
                    train::TrainingFlopsPerImage(shape));

  const ImageConfig& image = run.config().image;
  const data::ImageSampler sampler(*images.train, preprocessor, image.augment,
                                   run.config().trainer.batch_size, run.seed());
  const train::ImageBatches source(sampler);
  train::ClassificationObjective objective(*model, image.drop_path, run.seed());
  train::TrainTask task;
  task.parameters = model->Parameters();
  task.objective = &objective;
  task.source = &source;
  task.target_unit = "image";
  std::vector<int64_t> classes;
  if (images.validation == nullptr) {
    log::Warn("no class has twenty images to hold one out: no validation, no best checkpoint");
  } else {
    classes = eval::MatchClasses(shape.labels, images.validation->classes(), "data.validation");
    task.evaluate = [&] {
      return Validate(*model, *images.validation, preprocessor, classes, run.communicator());
    };
  }
  const auto writer = [&](const std::optional<io::Quantization>& quantization) {
    io::VitConfig config = shape;
    config.quantization = quantization;
    return [config, &preprocessor](const std::string& folder, io::Dtype dtype) {
      io::WriteModelConfig(folder, config, dtype);
      io::WriteImagePreprocessor(folder, preprocessor, config.image_size);
    };
  };
  task.write_files = writer(std::nullopt);
  task.write_best_files = writer(precision->Quantization());
  const at::Tensor probe = source.Get(0, kProbeImages).inputs;
  precision->SetProbe([&, probe] {
    const at::NoGradGuard no_grad;
    return model->Forward(probe).logits;
  });
  run.Train(*precision, std::move(task), [&](const train::RunState& state) {
    return BestAccuracies(run.options().output, state);
  });
}

}  // namespace tersor::cli
