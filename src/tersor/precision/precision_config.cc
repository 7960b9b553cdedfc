#include "tersor/precision/precision_config.h"

#include "tersor/precision/field_checks.h"

namespace tersor::precision {

bool PrecisionConfig::uses_int8() const {
  return linear == "int8-tensor" || linear == "int8-block" || linear == "int8-fallback";
}

bool PrecisionConfig::uses_mxfp4() const {
  return linear == "mxfp4" || linear == "mxfp4-microscaling" || linear == "int4-tensor";
}

void PrecisionConfig::AddFields(Schema& schema) {
  schema.Add("precision.linear",
             "fp32, bf16, int8-tensor, int8-token, int8-block, int8-fallback, mxfp4, "
             "mxfp4-microscaling or int4-tensor",
             &linear);
  int8.AddFields(schema);
  mxfp4.AddFields(schema);
}

void PrecisionConfig::Validate() const {
  RequireOneOf(linear, "linear",
               {"fp32", "bf16", "int8-tensor", "int8-token", "int8-block", "int8-fallback", "mxfp4",
                "mxfp4-microscaling", "int4-tensor"});
  int8.Validate();
  Require(!int8.head || linear == "int8-block" || linear == "int8-fallback", "head",
          "false unless precision.linear is int8-block or -fallback");
  mxfp4.Validate();
  const bool tetrajet = linear == "mxfp4", int4 = linear == "int4-tensor";
  Require(tetrajet || !mxfp4.ema(), "weights_quantizer",
          "nearest unless precision.linear is mxfp4");
  Require(mxfp4.oscillation == "none" || (uses_mxfp4() && !int4), "oscillation",
          "none unless precision.linear is mxfp4 or mxfp4-microscaling");
  Require(mxfp4.measure_steps == 0 || (uses_mxfp4() && !int4), "measure_steps",
          "0 unless precision.linear is mxfp4 or mxfp4-microscaling");
}

void PrecisionConfig::ValidateWith(const train::TrainerConfig& trainer) const {
  Require(mxfp4.oscillation != "ramping" || trainer.clip_norm == 0, "oscillation",
          "other than ramping while gradients are clipped: clipping would scale the gradients that "
          "Q-Ramping adds up by different factors (set train.clip_norm 0)");
}

}  // namespace tersor::precision
