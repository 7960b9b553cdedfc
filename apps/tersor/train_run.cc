#include "train_run.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "tersor/nn/parameter.h"
#include "tersor/prune/keep_sparsity.h"
#include "tersor/util/log.h"
#include "tersor/util/memory.h"
#include "tersor/util/progress.h"
#include "tersor/util/record.h"
#include "tersor/util/rng.h"

namespace tersor::cli {

TrainRun::TrainRun(const TrainOptions& options, const Schema& schema, const CommonOptions& common,
                   train::Communicator& communicator)
    : options_(options),
      common_(common),
      communicator_(communicator),
      identity_(schema.ToJson()),
      began_(std::chrono::steady_clock::now()) {
  identity_["init"] = options.init;
  identity_["seed"] = common.seed;
  if (options.keep_sparsity) {
    identity_["keep_sparsity"] = true;
  }
  if (leads()) {
    lock_.emplace(options.output);
  } else {
    log::SetLevel(log::Level::kWarning);
  }
}

std::unique_ptr<precision::Precision> TrainRun::MakePrecision() const {
  // Ranks round different samples, so each draws numbers of its own.
  return precision::MakePrecision(
      config().precision, Rng(seed(), static_cast<uint64_t>(communicator_.rank())).Bits64(0));
}

int64_t TrainRun::MicroBatch() const {
  const train::TrainerConfig& trainer = config().trainer;
  return trainer.micro_batch > 0 ? trainer.micro_batch : trainer.batch_size / communicator_.size();
}

void TrainRun::PrintEstimate(int64_t parameters, const train::MemoryEstimate& memory,
                             double flops_per_sample) const {
  if (!leads()) {
    return;
  }
  const train::TrainerConfig& trainer = config().trainer;
  const double samples = static_cast<double>(trainer.batch_size / communicator_.size());
  const double seconds =
      flops_per_sample * samples / (train::MeasureSgemm(1024) * train::kAssumedUtilization);
  const double whole = seconds * static_cast<double>(trainer.steps);
  log::Info(
      "{:.1f}M parameters; estimate: {:.2f} GB of memory a rank ({:.2f} weights, gradients "
      "and optimizer, {:.2f} activations), {} a step, {} in all{}",
      static_cast<double>(parameters) / 1e6, (memory.weights_and_state + memory.activations) / 1e9,
      memory.weights_and_state / 1e9, memory.activations / 1e9, FormatDuration(seconds),
      FormatDuration(whole),
      trainer.max_minutes > 0 && whole > trainer.max_minutes * 60
          ? fmt::format(", shortened to {:g} minutes", trainer.max_minutes)
          : "");
}

void TrainRun::Train(precision::Precision& precision, train::TrainTask task,
                     const std::function<Json(const train::RunState&)>& more) {
  std::optional<prune::KeepSparsity> keep;
  if (options_.keep_sparsity) {
    keep.emplace(task.parameters);
    log::Info("{:.1f} % of the blocks' weights are zero and stay so", 100 * keep->sparsity());
    task.hooks.push_back(&*keep);  // before the precision's, which see the weights as they stay
  }
  precision.Join(task, config().trainer);
  const std::string unit = task.target_unit + "s";
  const int64_t per_epoch = task.source->samples_per_epoch();
  const int64_t parameters = nn::CountElements(task.parameters);
  train::Trainer trainer(config().trainer, std::move(task), communicator_, options_.output,
                         identity_, seed());
  const train::RunState state = trainer.Run();
  if (!leads()) {
    return;
  }
  Record record;
  record.verb = "train";
  record.seed = seed();
  record.config = identity_;
  record.config["ranks"] = communicator_.size();
  record.metrics = {{"parameters", parameters},
                    {"steps", state.step},
                    {"training_" + unit, state.targets},
                    {"epochs", static_cast<double>(state.step) *
                                   static_cast<double>(config().trainer.batch_size) /
                                   static_cast<double>(per_epoch)},
                    {"training_seconds", state.seconds},
                    {unit + "_per_second", state.targets / std::max(state.seconds, 1e-9)},
                    {"peak_memory_gb", static_cast<double>(PeakMemory()) / 1e9}};
  if (state.best_step >= 0) {
    record.metrics["validation_loss"] = state.best_loss;
  }
  record.metrics.update(more(state));
  record.metrics.update(trainer.LateMeans());
  record.series = trainer.Series();
  record.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
  WriteRecord(options_.output + "/record.json", record);
  if (!common_.json.empty()) {
    WriteRecord(common_.json, record);
  }
  fmt::print("{}\n", options_.output + (state.best_step >= 0 ? "/best" : "/last"));
}

}  // namespace tersor::cli
