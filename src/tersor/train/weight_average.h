// Exponential moving average of the weights, for evaluation and for the saved model.
#ifndef TERSOR_TRAIN_WEIGHT_AVERAGE_H_
#define TERSOR_TRAIN_WEIGHT_AVERAGE_H_

#include "tersor/train/hook.h"

namespace tersor::train {

/// average <- d · average + (1 - d) · weights after every step, with d = min(decay,
/// (1 + step) / (10 + step)), so that the first steps do not weigh for ever.
class WeightAverage : public Hook {
 public:
  WeightAverage(const nn::ParameterList& parameters, double decay);

  void AfterStep(const StepInfo& info) override;
  nn::NamedTensors State() override { return averages_; }

  /// Exchanges weights and averages; a second call exchanges them back.
  void Swap();

 private:
  nn::ParameterList parameters_;
  nn::NamedTensors averages_;
  double decay_;
};

/// Swaps the averages in for the length of a scope; a null average does nothing.
class UseAverage {
 public:
  explicit UseAverage(WeightAverage* average) : average_(average) {
    if (average_ != nullptr) {
      average_->Swap();
    }
  }
  ~UseAverage() {
    if (average_ != nullptr) {
      average_->Swap();
    }
  }
  UseAverage(const UseAverage&) = delete;
  UseAverage& operator=(const UseAverage&) = delete;

 private:
  WeightAverage* average_;
};

}  // namespace tersor::train

#endif  // TERSOR_TRAIN_WEIGHT_AVERAGE_H_
