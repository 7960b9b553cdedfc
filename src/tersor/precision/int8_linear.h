// Linear layers whose three products are INT8.
#ifndef TERSOR_PRECISION_INT8_LINEAR_H_
#define TERSOR_PRECISION_INT8_LINEAR_H_

#include "tersor/precision/int8_training.h"

namespace tersor::precision {

/// Products of one group over shared state; both arguments must outlive it.
///
///   y = F(x) Q(w)ᵀ     dx = Q(g) Q(w)     dw = Q(g)ᵀ F(x)
///
/// Q rounds to one INT8 step a block (g stochastically, so that dx and dw are unbiased), F adds a
/// second step to the blocks whose criterion exceeds the threshold. Kept for the backward pass:
/// the codes of x. Throws Error naming layer and step where an operand is not finite.
class Int8Precision : public nn::LinearPrecision {
 public:
  Int8Precision(Int8State& state, Int8Site& site) : state_(state), site_(site) {}
  std::vector<at::Tensor> Apply(const at::Tensor& x, at::TensorList weights,
                                at::TensorList biases) override;

 private:
  Int8State& state_;
  Int8Site& site_;
};

}  // namespace tersor::precision

#endif  // TERSOR_PRECISION_INT8_LINEAR_H_
