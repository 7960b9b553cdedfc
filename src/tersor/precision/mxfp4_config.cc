#include "tersor/precision/mxfp4_config.h"

#include <array>
#include <string_view>
#include <utility>

#include "tersor/precision/field_checks.h"

namespace tersor::precision {
namespace {

template <typename Value, size_t kCount>
Value Find(const std::array<std::pair<std::string_view, Value>, kCount>& names,
           std::string_view name) {
  for (const auto& [known, value] : names) {
    if (known == name) {
      return value;
    }
  }
  return names.front().second;
}

constexpr std::array<std::pair<std::string_view, kernel::MxElement>, 4> kElements = {
    {{"e2m1", kernel::MxElement::kE2M1},
     {"e3m0", kernel::MxElement::kE3M0},
     {"e4m3", kernel::MxElement::kE4M3},
     {"e5m2", kernel::MxElement::kE5M2}}};
constexpr std::array<std::pair<std::string_view, kernel::MxScaleRule>, 4> kScaleRules = {
    {{"truncation-free", kernel::MxScaleRule::kTruncationFree},
     {"floor", kernel::MxScaleRule::kFloor},
     {"even", kernel::MxScaleRule::kEven},
     {"ceil", kernel::MxScaleRule::kCeil}}};
constexpr std::array<std::pair<std::string_view, kernel::MxTies>, 4> kTieRules = {
    {{"even", kernel::MxTies::kEven},
     {"away", kernel::MxTies::kAway},
     {"larger", kernel::MxTies::kLarger},
     {"toward-zero", kernel::MxTies::kTowardZero}}};

}  // namespace

void Mxfp4Config::AddFields(Schema& schema) {
  schema
      .Add("precision.scale",
           "of an mxfp4 group: truncation-free, floor, even or ceil (default: the design's)",
           &scale)
      .Add("precision.ties", "of nearest mxfp4 codes: even, away, larger or toward-zero", &ties)
      .Add("precision.backward_rounding",
           "of mxfp4 operands: stochastic or nearest (default: the design's)", &backward_rounding)
      .Add("precision.double_quantization",
           "backward operands from quantized ones: true or false (default: the design's)",
           &double_quantization)
      .Add("precision.quantizers", "which of the six mxfp4 quantizers round", &quantizers)
      .Add("precision.forward_format", "of x and w: e2m1, e3m0, e4m3 or e5m2", &forward_format)
      .Add("precision.backward_format", "of the backward operands", &backward_format)
      .Add("precision.keep_fp32",
           "layers whose names contain one of these stay in float32, such as layers.0.", &keep_fp32)
      .Add("precision.definition", "mxfp4 by tensor operations instead of kernels", &definition)
      .Add("precision.weights_quantizer", "nearest, or ema (Q-EMA)", &weights_quantizer)
      .Add("precision.ema_decay", "of Q-EMA's average", &ema_decay)
      .Add("precision.oscillation", "none, ramping (Q-Ramping), dampen or freeze", &oscillation)
      .Add("precision.ramping_k1", "R_w that lengthens a weight's period by k2", &ramping_k1)
      .Add("precision.ramping_k2", "periods by which it is lengthened", &ramping_k2)
      .Add("precision.ramping_period", "steps between detections (0: an epoch)", &ramping_period)
      .Add("precision.detection_steps", "steps of Q-Ramping's detection", &detection_steps)
      .Add("precision.dampen_weight", "of |W - Q(W)|^2 in the loss", &dampen_weight)
      .Add("precision.freeze_threshold", "flips a step that freeze a weight", &freeze_threshold)
      .Add("precision.freeze_momentum", "of the running flip frequency", &freeze_momentum)
      .Add("precision.measure_steps", "window of the oscillation measures (0: not measured)",
           &measure_steps);
}

void Mxfp4Config::Validate() const {
  RequireOneOf(scale, "scale", {"", "truncation-free", "floor", "even", "ceil"});
  RequireOneOf(ties, "ties", {"even", "away", "larger", "toward-zero"});
  RequireOneOf(backward_rounding, "backward_rounding", {"", "stochastic", "nearest"});
  RequireOneOf(double_quantization, "double_quantization", {"", "true", "false"});
  RequireOneOf(forward_format, "forward_format", {"e2m1", "e3m0", "e4m3", "e5m2"});
  RequireOneOf(backward_format, "backward_format", {"e2m1", "e3m0", "e4m3", "e5m2"});
  RequireOneOf(weights_quantizer, "weights_quantizer", {"nearest", "ema"});
  RequireOneOf(oscillation, "oscillation", {"none", "ramping", "dampen", "freeze"});
  Require(quantizers.find_first_not_of("123456") == std::string::npos, "quantizers",
          "digits from 1 to 6");
  Require(ema_decay >= 0 && ema_decay < 1, "ema_decay", "in [0, 1)");
  Require(ramping_k1 > 0, "ramping_k1", "above 0");
  Require(ramping_k2 >= 0, "ramping_k2", "0 or more");
  Require(ramping_period >= 0, "ramping_period", "0 or more");
  Require(detection_steps > 0, "detection_steps", "above 0");
  Require(dampen_weight >= 0, "dampen_weight", "0 or more");
  Require(freeze_threshold > 0, "freeze_threshold", "above 0");
  Require(freeze_momentum > 0 && freeze_momentum < 1, "freeze_momentum", "in (0, 1)");
  Require(measure_steps >= 0, "measure_steps", "0 or more");
  Require(!ema() || forward_format == "e2m1", "weights_quantizer",
          "nearest unless forward_format is e2m1");
  Require(!ema() || oscillation == "none", "oscillation",
          "none with Q-EMA, whose codes depend on two variables");
}

kernel::MxScaleRule Mxfp4Config::scale_rule() const {
  const std::string_view own = microscaling() ? "floor" : "truncation-free";
  return Find(kScaleRules, scale.empty() ? own : std::string_view(scale));
}

kernel::MxTies Mxfp4Config::tie_rule() const { return Find(kTieRules, ties); }

kernel::MxElement Mxfp4Config::forward_element() const { return Find(kElements, forward_format); }

kernel::MxElement Mxfp4Config::backward_element() const { return Find(kElements, backward_format); }

bool Mxfp4Config::packed() const {
  return linear == "mxfp4" && !definition && requantizes() && quantizers == "123456" &&
         forward_format == "e2m1" && backward_format == "e2m1";
}

}  // namespace tersor::precision
