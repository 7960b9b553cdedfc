#include "tersor/precision/q_ramping.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "tersor/util/error.h"

namespace tersor::precision {
namespace {

/// Detection reads samples, and numbers steps, that training never reaches.
constexpr int64_t kElsewhere = int64_t{1} << 40;

}  // namespace

train::OptimizerFactory QRamping::MakeOptimizer() {
  return [this](const nn::ParameterList& parameters, const train::AdamWConfig& config) {
    auto optimizer = std::make_unique<RampingAdamW>(parameters, config);
    optimizer_ = optimizer.get();
    return optimizer;
  };
}

void QRamping::SetEpoch(int64_t steps_per_epoch, int64_t batch_size) {
  const int64_t configured = training_.config().ramping_period;
  period_ = std::max<int64_t>(1, configured > 0 ? configured : steps_per_epoch);
  batch_size_ = batch_size;
}

void QRamping::BeforeStep(const train::StepInfo& info) {
  TERSOR_CHECK(optimizer_ != nullptr && period_ > 0,
               "Q-Ramping drives an optimizer of its own, which this training does not use");
  if (info.step % period_ == 0) {
    Detect(info);
  }
}

void QRamping::Detect(const train::StepInfo& info) {
  const at::NoGradGuard no_grad;
  std::vector<std::pair<at::Tensor, at::Tensor>> kept;  // a tensor and its copy
  const auto keep = [&](const at::Tensor& tensor) { kept.emplace_back(tensor, tensor.clone()); };
  for (const nn::Parameter& parameter : *info.parameters) {
    keep(parameter.value.detach());
  }
  for (const auto& [name, tensor] : optimizer_->State()) {
    keep(tensor);
  }
  optimizer_->Restart();
  OscillationMeter meter;
  const auto observe = [&](bool first) {
    std::vector<at::Tensor> weights, quantized;
    for (const Mxfp4Weight& weight : training_.weights()) {
      weights.push_back(weight.parameter.value.detach());
      quantized.push_back(training_.QuantizedValues(weight));
    }
    first ? meter.Begin(weights, quantized, {}) : meter.Observe(weights, quantized, {});
  };
  const int64_t steps = training_.config().detection_steps;
  observe(/*first=*/true);
  for (int64_t i = 0; i < steps; ++i) {
    const int64_t trial = kElsewhere + info.step / period_ * steps + i;
    training_.BeforeStep({trial, info.learning_rate, info.parameters});
    double targets = 0;
    {
      const at::AutoGradMode gradients(true);
      targets = info.try_batch(trial * batch_size_);
    }
    optimizer_->Step(info.step + i, info.learning_rate, 1 / targets);
    observe(/*first=*/false);
  }
  for (const auto& [tensor, copy] : kept) {
    at::Tensor(tensor).copy_(copy);
  }
  double ramped = 0, all = 0;
  for (size_t i = 0; i < training_.weights().size(); ++i) {
    at::Tensor periods = optimizer_->Periods(training_.weights()[i].parameter.name);
    const Mxfp4Config& config = training_.config();
    periods.copy_(((meter.Ratio(i) / config.ramping_k1).floor_() * config.ramping_k2 + 1)
                      .floor_()
                      .clamp_(1, static_cast<double>(period_)));
    ramped += static_cast<double>(periods.gt(1).sum().item<int64_t>());
    all += static_cast<double>(periods.numel());
  }
  ramped_share_ = all > 0 ? ramped / all : 0;
}

void QRamping::Report(Json& metrics) const { metrics["ramped_share"] = ramped_share_; }

}  // namespace tersor::precision
