// A configured precision, ready to be plugged into a model and a training loop.
#ifndef TERSOR_PRECISION_PRECISION_H_
#define TERSOR_PRECISION_PRECISION_H_

#include <functional>
#include <memory>
#include <optional>

#include "tersor/io/quantization.h"
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
  /// For config.json of the finished model, whose weights it changes on export; nullopt: it does
  /// not.
  virtual std::optional<io::Quantization> Quantization() const { return std::nullopt; }
  /// Output of the model on an input that stays the same, for measures of its change.
  virtual void SetProbe(std::function<at::Tensor()> probe) { (void)probe; }
};

/// Validates `config`. `seed`: of stochastic rounding; must differ between ranks.
std::unique_ptr<Precision> MakePrecision(const PrecisionConfig& config, uint64_t seed);

/// To compute with a finished model as it was trained; float32 where nothing is quantized.
std::unique_ptr<Precision> MakePrecision(const std::optional<io::Quantization>& quantization);

}  // namespace tersor::precision

#endif  // TERSOR_PRECISION_PRECISION_H_
