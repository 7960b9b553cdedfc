// What can be chosen about training in INT8.
#ifndef TERSOR_PRECISION_INT8_CONFIG_H_
#define TERSOR_PRECISION_INT8_CONFIG_H_

#include <cstdint>
#include <string>

#include "tersor/kernel/block_code.h"
#include "tersor/util/config.h"

namespace tersor::precision {

/// Fallback quantization (Zhang et al. 2025, arXiv:2503.08040) and its plainer forms. The paper's
/// own hyper-parameters were not public when this was written; each is a field here.
struct Int8Config {
  /// int8-tensor (one scale a matrix), int8-block (as Jetfire, arXiv:2403.12422), int8-fallback.
  std::string linear = "int8-fallback";
  int64_t block = 128;               // 32, 64 or 128
  int64_t bits = 8;                  // of activations and weights: 8, or 7 for u8 x s8 processors
  std::string criterion = "absmax";  // absmax, l1, relative-l1
  std::string controller = "safe";   // safe, paper, fixed
  double min_rate = 0.1, max_rate = 0.3;  // share of blocks that should fall back
  double alpha = 1.3;                     // factor of a threshold's step, above 1
  double threshold = 0;                   // of controller fixed; 0: every block falls back
  std::string residual = "joined";        // scale of the second step: joined or own
  bool weight_gradient_fallback = true;
  std::string gradient_rounding = "stochastic";  // or nearest
  bool head = false;                             // the output head in INT8 too
  int64_t context_bits = 10;                     // of what non-linear layers save: 8, 10, or 32

  void AddFields(Schema& schema);
  /// Throws UsageError naming the field.
  void Validate() const;

  bool blocks() const { return linear == "int8-block" || linear == "int8-fallback"; }
  bool fallback() const { return linear == "int8-fallback"; }
  int limit() const { return bits == 7 ? 63 : 127; }
  kernel::BlockCriterion block_criterion() const;
  kernel::ResidualScale residual_scale() const {
    return residual == "own" ? kernel::ResidualScale::kOwn : kernel::ResidualScale::kJoined;
  }
};

}  // namespace tersor::precision

#endif  // TERSOR_PRECISION_INT8_CONFIG_H_
