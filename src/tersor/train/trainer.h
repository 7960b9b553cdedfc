// The training loop: batches to gradients to steps, with evaluation, checkpoints and resuming.
#ifndef TERSOR_TRAIN_TRAINER_H_
#define TERSOR_TRAIN_TRAINER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tersor/io/dtype.h"
#include "tersor/nn/parameter.h"
#include "tersor/train/checkpoint.h"
#include "tersor/train/communicator.h"
#include "tersor/train/hook.h"
#include "tersor/train/objective.h"
#include "tersor/train/optimizer.h"
#include "tersor/train/schedule.h"
#include "tersor/train/weight_average.h"
#include "tersor/util/config.h"
#include "tersor/util/progress.h"

namespace tersor::train {

struct TrainerConfig {
  int64_t steps = 1000;
  double max_minutes = 0;   // > 0: the schedule is shortened so that training ends by then
  int64_t batch_size = 8;   // samples a step, over all ranks and micro-batches
  int64_t micro_batch = 0;  // samples a forward pass; 0: all of the rank's at once
  ScheduleConfig schedule;
  AdamWConfig adamw;
  double clip_norm = 1.0;          // of the whole gradient; 0: no clipping
  double average_decay = 0;        // of the exponential moving average of the weights; 0: none
  int64_t eval_every = 100;        // steps; 0: at the end only
  int64_t save_every = 100;        // steps; 0: at the end only
  std::string save_dtype = "f32";  // of the best checkpoint: f32, bf16, f16

  void AddFields(Schema& schema);
  /// Throws UsageError naming the field.
  void Validate(int ranks) const;
};

/// Result of an evaluation during training; lower loss is better.
struct Evaluation {
  double loss = 0;
  Json metrics = Json::object();
};

/// What is trained: everything that the loop does not need to know the inside of.
struct TrainTask {
  nn::ParameterList parameters;
  Objective* objective = nullptr;
  const BatchSource* source = nullptr;
  std::function<Evaluation()> evaluate;  // run by all ranks; empty: no evaluation
  FolderWriter write_files;              // config and tokenizer of a checkpoint folder
  FolderWriter write_best_files;         // of the best one, where they differ; may be empty
  std::vector<Hook*> hooks;
  OptimizerFactory make_optimizer;  // empty: AdamW
  double targets_per_sample = 1;    // for the rate that progress shows
  std::string target_unit = "token";
};

/// One run in the output folder: `last` (resumable) and `best` (lowest validation loss) checkpoint
/// folders and metrics.jsonl.
class Trainer {
 public:
  /// `identity`: the run's whole configuration; a run resumes only under an equal one, apart from
  /// its length and its reporting. `communicator` must outlive the trainer.
  Trainer(const TrainerConfig& config, TrainTask task, Communicator& communicator,
          std::string folder, Json identity, uint64_t seed);
  ~Trainer();

  /// Trains to the end and returns where the run stands. Throws Interrupted after saving `last`
  /// when the user asked to stop; Error when the loss is not finite, naming the last checkpoint.
  RunState Run();

  /// The run's log so far: training and validation loss by step, for the record.
  Json Series() const;

  /// Means over the last fifth of the steps of the numbers that hooks report: {"late_KEY": mean}.
  Json LateMeans() const;

 private:
  Json Reported() const;
  struct StepSums;
  void Resume();
  StepSums Accumulate(int64_t first_sample);
  double TryBatch(int64_t first_sample);
  double Update(const StepSums& sums, double learning_rate);
  void ApplyTimeBudget(double elapsed);
  void Evaluate(Progress& progress);
  void Save();
  void StopNotFinite(double loss, double norm) const;
  std::string LastFolder() const { return folder_ + "/last"; }
  bool leads() const { return communicator_.rank() == 0; }
  bool Due(int64_t every) const;
  int64_t ExpectedSteps() const;
  double Elapsed() const;

  TrainerConfig config_;
  TrainTask task_;
  Communicator& communicator_;
  std::string folder_;
  uint64_t seed_;
  RunState run_;
  double seconds_before_ = 0;  // of earlier sessions
  double began_ = 0;           // steady clock, seconds
  bool time_fixed_ = false;    // the time budget has fixed total_steps
  Json last_evaluation_;       // its line of the metrics log
  std::unique_ptr<Optimizer> optimizer_;
  std::unique_ptr<WeightAverage> average_;
  std::vector<Hook*> hooks_;  // the task's and our own
  nn::NamedTensors state_;
};

}  // namespace tersor::train

#endif  // TERSOR_TRAIN_TRAINER_H_
