#include "tersor/precision/weight_remedies.h"

#include <ATen/ATen.h>

namespace tersor::precision {

void Dampening::AfterBackward(const train::StepInfo& info) {
  const at::NoGradGuard no_grad;
  for (Mxfp4Weight& weight : training_.weights()) {
    const at::Tensor value = weight.parameter.value.detach();
    // Gradients are sums over targets; the penalty belongs to their mean.
    weight.parameter.value.mutable_grad().add_(value - training_.QuantizedValues(weight),
                                               2 * training_.config().dampen_weight * info.targets);
  }
}

Freezing::Freezing(Mxfp4Training& training) : training_(training) {
  for (const Mxfp4Weight& weight : training_.weights()) {
    const auto zeros = [&] { return at::zeros_like(weight.parameter.value.detach()); };
    tracks_.push_back({zeros(), zeros(), zeros(), zeros(), zeros(), zeros()});
    const Track& track = tracks_.back();
    for (const auto& [kind, tensor] :
         {std::pair("quantized", track.quantized), std::pair("direction", track.direction),
          std::pair("frequency", track.frequency), std::pair("mean", track.mean),
          std::pair("frozen", track.frozen), std::pair("held", track.held)}) {
      state_.emplace_back("freezing." + std::string(kind) + "." + weight.parameter.name, tensor);
    }
  }
}

void Freezing::BeforeStep(const train::StepInfo& info) {
  if (info.step > 0) {
    return;
  }
  for (size_t i = 0; i < tracks_.size(); ++i) {
    tracks_[i].quantized.copy_(training_.QuantizedValues(training_.weights()[i]));
    tracks_[i].mean.copy_(tracks_[i].quantized);
  }
}

void Freezing::AfterStep(const train::StepInfo&) {
  const at::NoGradGuard no_grad;
  const double momentum = training_.config().freeze_momentum;
  double frozen = 0, all = 0;
  for (size_t i = 0; i < tracks_.size(); ++i) {
    Track& track = tracks_[i];
    at::Tensor& value = training_.weights()[i].parameter.value;
    const at::Tensor held = track.frozen.gt(0);
    value.copy_(at::where(held, track.held, value));
    const at::Tensor now = training_.QuantizedValues(training_.weights()[i]);
    const at::Tensor direction = at::sign(now - track.quantized);
    const at::Tensor moved = direction.ne(0);
    const at::Tensor turned = direction.mul(track.direction).lt(0).to(at::kFloat);
    track.frequency.lerp_(turned, momentum);
    track.mean.lerp_(now, momentum);
    track.direction.copy_(at::where(moved, direction, track.direction));
    track.quantized.copy_(now);
    const at::Tensor freeze =
        track.frequency.gt(training_.config().freeze_threshold).logical_and(held.logical_not());
    track.held.copy_(at::where(freeze, track.mean, track.held));
    track.frozen.copy_(at::where(freeze, at::ones_like(track.frozen), track.frozen));
    frozen += track.frozen.sum().item<double>();
    all += static_cast<double>(track.frozen.numel());
  }
  frozen_share_ = all > 0 ? frozen / all : 0;
}

void Freezing::Report(Json& metrics) const { metrics["frozen_share"] = frozen_share_; }

}  // namespace tersor::precision
