#include "tersor/precision/ramping_adamw.h"

#include <ATen/ATen.h>

#include "tersor/train/adamw.h"
#include "tersor/util/error.h"

namespace tersor::precision {
RampingAdamW::RampingAdamW(const nn::ParameterList& parameters, const train::AdamWConfig& config)
    : Optimizer(parameters), config_(config) {
  for (const nn::Parameter& parameter : parameters_) {
    const at::Tensor value = parameter.value.detach();
    for (const char* kind : {"exp_avg.", "exp_avg_sq.", "grad_sum.", "grad_count."}) {
      state_.emplace_back(kind + parameter.name, at::zeros_like(value));
    }
    state_.emplace_back("period." + parameter.name, at::ones_like(value));
  }
}

void RampingAdamW::Step(int64_t step, double learning_rate, double grad_scale) {
  const at::NoGradGuard no_grad;
  for (size_t p = 0; p < parameters_.size(); ++p) {
    at::Tensor& value = parameters_[p].value;
    const auto data = [&](size_t kind) {
      return state_[p * kTensors + kind].second.data_ptr<float>();
    };
    kernel::RampingAdamW(
        train::AdamWStepOf(config_, step, learning_rate, grad_scale, parameters_[p].decay),
        {data(2), data(3), data(4)}, value.numel(), value.data_ptr<float>(),
        value.mutable_grad().data_ptr<float>(), data(0), data(1));
  }
}

at::Tensor RampingAdamW::Periods(const std::string& name) const {
  for (size_t i = kTensors - 1; i < state_.size(); i += kTensors) {
    if (state_[i].first == "period." + name) {
      return state_[i].second;
    }
  }
  Fail("Q-Ramping: the optimizer has no parameter ", name);
}

void RampingAdamW::Restart() {
  for (size_t p = 0; p < parameters_.size(); ++p) {
    state_[p * kTensors + 2].second.zero_();
    state_[p * kTensors + 3].second.zero_();
    state_[p * kTensors + 4].second.fill_(1);
  }
}

}  // namespace tersor::precision
