// A configured precision, ready to be plugged into a model and a training loop.
#ifndef TERSOR_PRECISION_PRECISION_H_
#define TERSOR_PRECISION_PRECISION_H_

#include <functional>
#include <memory>
#include <vector>

#include "tersor/model/language_model.h"
#include "tersor/precision/precision_config.h"
#include "tersor/train/trainer.h"

namespace tersor::precision {

/// What a model and its training take from a precision; outlives both.
class Precision {
 public:
  virtual ~Precision() = default;

  /// For the model, before it is made.
  model::Plugs plugs;

  /// Adds hooks and the optimizer, once the model is made and the rest of `task` is set.
  virtual void Join(train::TrainTask& task, const train::TrainerConfig& config) {
    (void)task, (void)config;
  }
  /// For config.json: how the exported weights and the activations are quantized; null: not.
  virtual Json QuantizationConfig() const { return nullptr; }
  /// Output of the model on an input that stays the same, for measures of its change.
  virtual void SetProbe(std::function<at::Tensor()> probe) { (void)probe; }
};

/// Validates `config`. `seed`: of stochastic rounding; must differ between ranks.
std::unique_ptr<Precision> MakePrecision(const PrecisionConfig& config, uint64_t seed);

}  // namespace tersor::precision

#endif  // TERSOR_PRECISION_PRECISION_H_
