#include "tersor/precision/int8_config.h"

#include "tersor/precision/field_checks.h"

namespace tersor::precision {
void Int8Config::AddFields(Schema& schema) {
  schema.Add("precision.block", "side of a quantization block: 32, 64 or 128", &block)
      .Add("precision.bits", "of activation and weight codes: 8, or 7 (faster without VNNI)", &bits)
      .Add("precision.criterion", "of falling back: absmax, l1 or relative-l1", &criterion)
      .Add("precision.controller", "of the thresholds: safe, paper or fixed", &controller)
      .Add("precision.min_rate", "smallest share of blocks that should fall back", &min_rate)
      .Add("precision.max_rate", "largest share of blocks that should fall back", &max_rate)
      .Add("precision.alpha", "factor by which a threshold moves a step", &alpha)
      .Add("precision.threshold", "of the fixed controller (0: every block falls back)", &threshold)
      .Add("precision.residual",
           "scale of a falling-back block's second step: joined (with the first, one integer of 15 "
           "bits, where that loses at most a bit) or own",
           &residual)
      .Add("precision.weight_gradient_fallback", "residuals count in weight gradients too",
           &weight_gradient_fallback)
      .Add("precision.gradient_rounding", "stochastic or nearest", &gradient_rounding)
      .Add("precision.head", "the output head in INT8 too", &head)
      .Add("precision.context_bits", "of what non-linear layers save for backward: 8, 10 or 32",
           &context_bits);
}

void Int8Config::Validate() const {
  RequireOneOf(criterion, "criterion", {"absmax", "l1", "relative-l1"});
  RequireOneOf(controller, "controller", {"safe", "paper", "fixed"});
  RequireOneOf(residual, "residual", {"joined", "own"});
  RequireOneOf(gradient_rounding, "gradient_rounding", {"stochastic", "nearest"});
  Require(block == 32 || block == 64 || block == 128, "block", "32, 64 or 128");
  Require(bits == 7 || bits == 8, "bits", "7 or 8");
  Require(min_rate >= 0 && min_rate <= 1, "min_rate", "in 0..1");
  Require(max_rate >= 0 && max_rate <= 1, "max_rate", "in 0..1");
  Require(min_rate <= max_rate, "min_rate", "at most precision.max_rate");
  Require(alpha > 1, "alpha", "above 1");
  Require(threshold >= 0, "threshold", "0 or more");
  Require(context_bits == 8 || context_bits == 10 || context_bits == 32, "context_bits",
          "8, 10 or 32");
}

kernel::BlockCriterion Int8Config::block_criterion() const {
  return criterion == "absmax" ? kernel::BlockCriterion::kAbsMax
         : criterion == "l1"   ? kernel::BlockCriterion::kL1
                               : kernel::BlockCriterion::kRelativeL1;
}

}  // namespace tersor::precision
