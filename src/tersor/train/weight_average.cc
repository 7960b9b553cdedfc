#include "tersor/train/weight_average.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace tersor::train {

WeightAverage::WeightAverage(const nn::ParameterList& parameters, double decay)
    : parameters_(parameters), decay_(decay) {
  for (const nn::Parameter& parameter : parameters_) {
    averages_.emplace_back("weight_average." + parameter.name, parameter.value.detach().clone());
  }
}

void WeightAverage::AfterStep(const StepInfo& info) {
  const at::NoGradGuard no_grad;
  const double step = static_cast<double>(info.step);
  const double decay = std::min(decay_, (1 + step) / (10 + step));
  for (size_t i = 0; i < parameters_.size(); ++i) {
    averages_[i].second.lerp_(parameters_[i].value, 1 - decay);
  }
}

void WeightAverage::Swap() {
  const at::NoGradGuard no_grad;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    const at::Tensor kept = averages_[i].second.clone();
    averages_[i].second.copy_(parameters_[i].value);
    parameters_[i].value.copy_(kept);
  }
}

}  // namespace tersor::train
