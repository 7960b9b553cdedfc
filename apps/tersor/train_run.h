// One process of a training run: what text and images have in common.
#ifndef TERSOR_APPS_TERSOR_TRAIN_RUN_H_
#define TERSOR_APPS_TERSOR_TRAIN_RUN_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "cli.h"
#include "run_config.h"
#include "tersor/precision/precision.h"
#include "tersor/train/communicator.h"
#include "tersor/train/estimate.h"
#include "tersor/train/trainer.h"
#include "tersor/util/file.h"
#include "tersor/util/json.h"

namespace tersor::cli {

struct TrainOptions {
  RunConfig run;
  std::string output, init;
  int64_t nproc = 1;
  bool keep_sparsity = false;  // weights of `init` that are zero stay zero
};

class TrainRun {
 public:
  /// The leading rank takes the output folder's lock; the others only log warnings. The arguments
  /// must outlive the run.
  TrainRun(const TrainOptions& options, const Schema& schema, const CommonOptions& common,
           train::Communicator& communicator);

  const TrainOptions& options() const { return options_; }
  const RunConfig& config() const { return options_.run; }
  uint64_t seed() const { return common_.seed; }
  train::Communicator& communicator() const { return communicator_; }
  bool leads() const { return communicator_.rank() == 0; }

  /// The configured precision, with random numbers of this rank's own.
  std::unique_ptr<precision::Precision> MakePrecision() const;

  /// Logs the memory and the time to expect; `flops_per_sample`: of one training step.
  void PrintEstimate(int64_t parameters, const train::MemoryEstimate& memory,
                     double flops_per_sample) const;

  /// The samples of one forward pass on this rank.
  int64_t MicroBatch() const;

  /// Trains to the end, with what the precision adds to the task. The leading rank then writes the
  /// record, with the metrics that every run has and those of `more`, and prints the folder of the
  /// best model.
  void Train(precision::Precision& precision, train::TrainTask task,
             const std::function<Json(const train::RunState&)>& more);

 private:
  const TrainOptions& options_;
  const CommonOptions& common_;
  train::Communicator& communicator_;
  Json identity_;  // what a resumed run must share
  std::chrono::steady_clock::time_point began_;
  std::optional<FolderLock> lock_;
};

}  // namespace tersor::cli

#endif  // TERSOR_APPS_TERSOR_TRAIN_RUN_H_
