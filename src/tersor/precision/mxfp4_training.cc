#include "tersor/precision/mxfp4_training.h"

#include <ATen/ATen.h>
#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "tersor/precision/mx_rounding.h"
#include "tersor/precision/mxfp4_linear.h"
#include "tersor/util/rng.h"

namespace tersor::precision {
namespace {

constexpr float kEmaUpdates = 10;
constexpr int64_t kConfidenceBins = 10;

bool Keeps(const Mxfp4Config& config, const std::string& name) {
  return std::any_of(config.keep_fp32.begin(), config.keep_fp32.end(),
                     [&](const std::string& part) { return name.find(part) != std::string::npos; });
}

}  // namespace

uint64_t Mxfp4State::NextKey() { return Rng(seed, static_cast<uint64_t>(step)).Bits64(draws++); }

bool Mxfp4State::ema_counts() const {
  return ema_updates.defined() && *ema_updates.data_ptr<float>() >= kEmaUpdates;
}

/// The arithmetic of one group, with the weights it was bound to.
class Mxfp4Training::BoundPrecision : public nn::LinearPrecision {
 public:
  BoundPrecision(Mxfp4Training& training, std::string name) : training_(training) {
    group_.name = std::move(name);
  }

  void Bind(const nn::ParameterList& weights) override {
    for (const nn::Parameter& weight : weights) {
      Mxfp4Weight bound{weight, {}};
      if (training_.state_.config.ema()) {
        bound.average = at::zeros_like(weight.value.detach());
      }
      group_.averages.push_back(bound.average);
      training_.weights_.push_back(std::move(bound));
    }
    arithmetic_ = MakeMxfp4Arithmetic(training_.state_, group_);
  }

  std::vector<at::Tensor> Apply(const at::Tensor& x, at::TensorList weights,
                                at::TensorList biases) override {
    return ApplyLinear(*arithmetic_, x, weights, biases);
  }

 private:
  Mxfp4Training& training_;
  Mxfp4Group group_;
  std::unique_ptr<LinearArithmetic> arithmetic_;
};

Mxfp4Training::Mxfp4Training(const Mxfp4Config& config, uint64_t seed) {
  state_.config = config;
  state_.seed = seed;
  if (config.ema()) {
    state_.ema_updates = at::zeros({1}, at::kFloat);
  }
  if (config.measure_steps > 0) {
    meter_ = std::make_unique<OscillationMeter>();
  }
}

Mxfp4Training::~Mxfp4Training() = default;

nn::PrecisionFactory Mxfp4Training::Precision() {
  return [this](const nn::LinearSite& place) -> std::unique_ptr<nn::LinearPrecision> {
    const std::string name = "layers." + std::to_string(place.layer) + "." + place.name;
    if (Keeps(state_.config, name)) {
      return std::make_unique<nn::Fp32Precision>();
    }
    return std::make_unique<BoundPrecision>(*this, name);
  };
}

at::Tensor Mxfp4Training::QuantizedValues(const Mxfp4Weight& weight) {
  const at::NoGradGuard no_grad;
  return Mxfp4WeightValues(state_, weight.parameter.value.detach(), weight.average,
                           weight.parameter.name);
}

void Mxfp4Training::BeforeStep(const train::StepInfo& info) {
  state_.step = info.step;
  state_.draws = 0;
  if (state_.config.ema() && *state_.ema_updates.data_ptr<float>() == 0) {
    for (Mxfp4Weight& weight : weights_) {  // Averages start where the weights do.
      weight.average.copy_(weight.parameter.value.detach());
    }
  }
}

void Mxfp4Training::AfterStep(const train::StepInfo&) {
  const at::NoGradGuard no_grad;
  if (state_.config.ema()) {
    for (Mxfp4Weight& weight : weights_) {
      weight.average.lerp_(weight.parameter.value, 1 - state_.config.ema_decay);
    }
    state_.ema_updates.add_(1);
  }
  if (meter_ != nullptr) {
    Measure();
  }
}

void Mxfp4Training::Measure() {
  std::vector<at::Tensor> weights, quantized;
  for (const Mxfp4Weight& weight : weights_) {
    weights.push_back(weight.parameter.value.detach());
    quantized.push_back(QuantizedValues(weight));
  }
  const at::Tensor output = probe_ ? probe_() : at::Tensor();
  measured_ = Json::object();
  if (!begun_) {
    meter_->Begin(weights, quantized, output);
    begun_ = true;
    return;
  }
  meter_->Observe(weights, quantized, output);
  if (meter_->steps() < state_.config.measure_steps) {
    return;
  }
  measured_["oscillating_share"] = meter_->OscillatingShare();
  measured_["rate_of_change_weights"] = meter_->WeightRate();
  measured_["rate_of_change_quantized_weights"] = meter_->QuantizedRate();
  if (output.defined()) {
    measured_["rate_of_change_output"] = meter_->OutputRate();
  }
  at::Tensor histogram = at::zeros({kConfidenceBins});
  for (const at::Tensor& weight : weights) {
    histogram += at::histc(QuantizationConfidence(weight, state_.config.scale_rule()),
                           kConfidenceBins, 0, 1);
  }
  histogram /= histogram.sum();
  const at::Tensor middles = (at::arange(kConfidenceBins).to(at::kFloat) + 0.5) / kConfidenceBins;
  measured_["quantization_confidence"] = (histogram * middles).sum().item<double>();
  Json& bins = measured_["quantization_confidence_histogram"];
  for (int64_t bin = 0; bin < kConfidenceBins; ++bin) {
    const auto low = static_cast<double>(bin) / kConfidenceBins;
    bins[fmt::format("{:.1f} to {:.1f}", low, low + 1.0 / kConfidenceBins)] =
        histogram[bin].item<double>();
  }
  meter_->Begin(weights, quantized, output);
}

nn::NamedTensors Mxfp4Training::State() {
  nn::NamedTensors state;
  if (state_.config.ema()) {
    state.emplace_back("ema_updates", state_.ema_updates);
    for (const Mxfp4Weight& weight : weights_) {
      state.emplace_back("ema." + weight.parameter.name, weight.average);
    }
  }
  return state;
}

void Mxfp4Training::Export(nn::ParameterList& parameters) {
  for (const Mxfp4Weight& weight : weights_) {
    for (nn::Parameter& parameter : parameters) {
      if (parameter.name == weight.parameter.name) {
        parameter.value = QuantizedValues(weight);
      }
    }
  }
}

void Mxfp4Training::Report(Json& metrics) const {
  if (meter_ == nullptr) {
    return;
  }
  // Null within a window: so every curve is known from the first line on.
  for (const char* name :
       {"oscillating_share", "rate_of_change_weights", "rate_of_change_quantized_weights",
        "rate_of_change_output", "quantization_confidence", "quantization_confidence_histogram"}) {
    metrics[name] = measured_.value(name, Json());
  }
}

}  // namespace tersor::precision
