// What can be chosen about training in MXFP4.
#ifndef TERSOR_PRECISION_MXFP4_CONFIG_H_
#define TERSOR_PRECISION_MXFP4_CONFIG_H_

#include <cstdint>
#include <string>
#include <vector>

#include "tersor/kernel/mx_format.h"
#include "tersor/util/config.h"

namespace tersor::precision {

/// TetraJet (Chen et al. 2025, arXiv:2502.20853) and what it is compared with.
struct Mxfp4Config {
  /// mxfp4: TetraJet. mxfp4-microscaling: the design of Rouhani et al. 2023, arXiv:2310.10537,
  /// floor scales, nearest rounding, and backward operands quantized from the originals.
  /// int4-tensor: one scale a matrix, gradients stochastic.
  std::string linear = "mxfp4";

  std::string scale;                  // truncation-free, floor, even, ceil; empty: the design's own
  std::string ties = "even";          // even, away, larger, toward-zero
  std::string backward_rounding;      // stochastic, nearest; empty: the design's own
  std::string double_quantization;    // true, false; empty: the design's own
  std::string quantizers = "123456";  // which of the six round at all (section 3); others pass
  std::string forward_format = "e2m1", backward_format = "e2m1";  // or e3m0, e4m3, e5m2
  std::vector<std::string> keep_fp32;  // parts of names of layers that are not quantized
  bool definition = false;  // tensor operations and float32 products instead of the kernels

  std::string weights_quantizer = "nearest";  // or ema: Q-EMA
  double ema_decay = 0.998;

  std::string oscillation = "none";  // ramping, dampen, freeze
  double ramping_k1 = 16, ramping_k2 = 5;
  int64_t ramping_period = 0;      // steps between detections; 0: one epoch
  int64_t detection_steps = 30;    // T0
  double dampen_weight = 1e-4;     // of |W - Q(W)|² beside the mean loss
  double freeze_threshold = 0.02;  // flips a step, above which a weight is frozen
  double freeze_momentum = 0.01;   // of the running flip frequency and of the running weight
  int64_t measure_steps = 0;       // window over which oscillation is measured; 0: not measured

  void AddFields(Schema& schema);
  /// Throws UsageError naming the field.
  void Validate() const;

  bool microscaling() const { return linear == "mxfp4-microscaling"; }
  bool int4() const { return linear == "int4-tensor"; }
  bool ema() const { return weights_quantizer == "ema"; }
  bool quantizes(int number) const {
    return quantizers.find(static_cast<char>('0' + number)) != std::string::npos;
  }
  bool requantizes() const {
    return double_quantization.empty() ? !microscaling() : double_quantization == "true";
  }
  bool stochastic() const {
    return backward_rounding.empty() ? !microscaling() : backward_rounding == "stochastic";
  }
  kernel::MxScaleRule scale_rule() const;
  kernel::MxTies tie_rule() const;
  kernel::MxElement forward_element() const;
  kernel::MxElement backward_element() const;
  /// Whether the MXFP4 kernels compute these products; else they are float32 products of values.
  bool packed() const;
};

}  // namespace tersor::precision

#endif  // TERSOR_PRECISION_MXFP4_CONFIG_H_
