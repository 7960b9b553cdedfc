#include "tersor/train/adamw.h"

#include <ATen/ATen.h>

#include <cmath>

namespace tersor::train {

AdamW::AdamW(const nn::ParameterList& parameters, const AdamWConfig& config)
    : Optimizer(parameters), config_(config) {
  for (const nn::Parameter& parameter : parameters_) {
    state_.emplace_back("exp_avg." + parameter.name, at::zeros_like(parameter.value.detach()));
    state_.emplace_back("exp_avg_sq." + parameter.name, at::zeros_like(parameter.value.detach()));
  }
}

kernel::AdamWStep AdamWStepOf(const AdamWConfig& config, int64_t step, double learning_rate,
                              double grad_scale, bool decay) {
  const auto t = static_cast<double>(step + 1);
  kernel::AdamWStep update;
  update.grad_scale = static_cast<float>(grad_scale);
  update.beta1 = static_cast<float>(config.beta1);
  update.beta2 = static_cast<float>(config.beta2);
  update.step_size = static_cast<float>(learning_rate / (1 - std::pow(config.beta1, t)));
  update.second_scale = static_cast<float>(1 / (1 - std::pow(config.beta2, t)));
  update.eps = static_cast<float>(config.eps);
  update.keep = decay ? static_cast<float>(1 - learning_rate * config.weight_decay) : 1.0f;
  return update;
}

void AdamW::Step(int64_t step, double learning_rate, double grad_scale) {
  const at::NoGradGuard no_grad;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    at::Tensor& value = parameters_[i].value;
    kernel::AdamW(AdamWStepOf(config_, step, learning_rate, grad_scale, parameters_[i].decay),
                  value.numel(), value.data_ptr<float>(), value.mutable_grad().data_ptr<float>(),
                  state_[2 * i].second.data_ptr<float>(),
                  state_[2 * i + 1].second.data_ptr<float>());
  }
}

}  // namespace tersor::train
