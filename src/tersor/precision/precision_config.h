// What can be chosen about the arithmetic of linear layers in training.
#ifndef TERSOR_PRECISION_PRECISION_CONFIG_H_
#define TERSOR_PRECISION_PRECISION_CONFIG_H_

#include <string>

#include "tersor/precision/int8_config.h"
#include "tersor/precision/mxfp4_config.h"
#include "tersor/train/trainer.h"
#include "tersor/util/config.h"

namespace tersor::precision {

struct PrecisionConfig {
  /// fp32; bf16 (operands rounded and stored in bf16); int8-token (rows of activations and
  /// gradients, weight gradients in float32; as SwitchBack, Wortsman et al. 2023,
  /// arXiv:2304.13013); those of Int8Config; those of Mxfp4Config.
  std::string linear = "fp32";
  Int8Config int8;    // its `linear` is not used
  Mxfp4Config mxfp4;  // nor is this one's

  bool uses_int8() const;   // blocks or a matrix under a scale, by our kernels
  bool uses_mxfp4() const;  // mxfp4 and what it is compared with

  void AddFields(Schema& schema);
  /// Throws UsageError naming the field.
  void Validate() const;
  /// Throws UsageError where it cannot be combined with how the optimizer is run.
  void ValidateWith(const train::TrainerConfig& trainer) const;
};

}  // namespace tersor::precision

#endif  // TERSOR_PRECISION_PRECISION_CONFIG_H_
