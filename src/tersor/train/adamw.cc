#include "tersor/train/adamw.h"

#include <ATen/ATen.h>

#include <cmath>

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
  const double correction1 = 1 - std::pow(config_.beta1, t);
  const double correction2 = 1 - std::pow(config_.beta2, t);
  for (size_t i = 0; i < parameters_.size(); ++i) {
    at::Tensor& value = parameters_[i].value;
    at::Tensor& grad = value.mutable_grad();
    at::Tensor &first = state_[2 * i].second, &second = state_[2 * i + 1].second;
    grad.mul_(grad_scale);
    first.lerp_(grad, 1 - config_.beta1);
    second.mul_(config_.beta2).addcmul_(grad, grad, 1 - config_.beta2);
    if (parameters_[i].decay) {
      value.mul_(1 - learning_rate * config_.weight_decay);
    }
    const at::Tensor denominator = (second / correction2).sqrt_().add_(config_.eps);
    value.addcdiv_(first, denominator, -learning_rate / correction1);
    grad.zero_();
  }
}

double AdamW::GradientNorm() const {
  double squares = 0;
  for (const nn::Parameter& parameter : parameters_) {
    const double norm = at::linalg_vector_norm(parameter.value.grad()).item<double>();
    squares += norm * norm;
  }
  return std::sqrt(squares);
}

}  // namespace tersor::train
