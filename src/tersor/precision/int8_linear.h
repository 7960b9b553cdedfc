// Linear layers whose three products are INT8.
#ifndef TERSOR_PRECISION_INT8_LINEAR_H_
#define TERSOR_PRECISION_INT8_LINEAR_H_

#include "tersor/precision/int8_training.h"
#include "tersor/precision/linear_function.h"

namespace tersor::precision {

/// Products of one group over shared state; both arguments must outlive it.
///
///   y = F(x) Q(w)ᵀ     dx = Q(g) Q(w)     dw = Q(g)ᵀ F(x)
///
/// Q rounds to one INT8 step a block (g stochastically, so that dx and dw are unbiased), F adds a
/// second step to the blocks whose criterion exceeds the threshold. Kept for the backward pass:
/// the codes of x. Throws Error naming layer and step where an operand is not finite.
class Int8Precision : public nn::LinearPrecision, private LinearArithmetic {
 public:
  Int8Precision(Int8State& state, Int8Site& site) : state_(state), site_(site) {}
  std::vector<at::Tensor> Apply(const at::Tensor& x, at::TensorList weights,
                                at::TensorList biases) override {
    return ApplyLinear(*this, x, weights, biases);
  }

 private:
  std::vector<at::Tensor> Forward(const at::Tensor& x, at::TensorList weights, bool for_backward,
                                  std::vector<at::Tensor>* kept) override;
  void Backward(size_t index, const at::Tensor& grad, const at::Tensor& weight,
                std::span<const at::Tensor> kept, const Gradients& out) override;

  Int8State& state_;
  Int8Site& site_;
};

}  // namespace tersor::precision

#endif  // TERSOR_PRECISION_INT8_LINEAR_H_
