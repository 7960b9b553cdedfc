#include "tersor/train/adamw.h"

#include <ATen/ATen.h>

#include <cmath>

#include "tersor/kernel/adamw.h"

namespace tersor::train {

AdamW::AdamW(const nn::ParameterList& parameters, const AdamWConfig& config)
    : parameters_(parameters), config_(config) {
  for (nn::Parameter& parameter : parameters_) {
    parameter.value.mutable_grad() = at::zeros_like(parameter.value);
    state_.emplace_back("exp_avg." + parameter.name, at::zeros_like(parameter.value.detach()));
    state_.emplace_back("exp_avg_sq." + parameter.name, at::zeros_like(parameter.value.detach()));
  }
}

void AdamW::Step(int64_t step, double learning_rate, double grad_scale) {
  const at::NoGradGuard no_grad;
  const auto t = static_cast<double>(step + 1);
  kernel::AdamWStep update;
  update.grad_scale = static_cast<float>(grad_scale);
  update.beta1 = static_cast<float>(config_.beta1);
  update.beta2 = static_cast<float>(config_.beta2);
  update.step_size = static_cast<float>(learning_rate / (1 - std::pow(config_.beta1, t)));
  update.second_scale = static_cast<float>(1 / (1 - std::pow(config_.beta2, t)));
  update.eps = static_cast<float>(config_.eps);
  for (size_t i = 0; i < parameters_.size(); ++i) {
    at::Tensor& value = parameters_[i].value;
    update.keep =
        parameters_[i].decay ? static_cast<float>(1 - learning_rate * config_.weight_decay) : 1.0f;
    kernel::AdamW(update, value.numel(), value.data_ptr<float>(),
                  value.mutable_grad().data_ptr<float>(), state_[2 * i].second.data_ptr<float>(),
                  state_[2 * i + 1].second.data_ptr<float>());
  }
}

double AdamW::GradientNorm() const {
  double squares = 0;
  for (const nn::Parameter& parameter : parameters_) {
    const at::Tensor& grad = parameter.value.grad();
    squares += kernel::SumSquares(grad.data_ptr<float>(), grad.numel());
  }
  return std::sqrt(squares);
}

}  // namespace tersor::train
