// Linear layers that share an input.
#ifndef TERSOR_OP_LINEAR_H_
#define TERSOR_OP_LINEAR_H_

#include <ATen/core/Tensor.h>

#include <vector>

namespace tersor::op {

/// y_i [tokens, out_i] = x [tokens, in] · weights_i [out_i, in]ᵀ + biases_i [out_i]. An undefined
/// bias means none. The backward pass sums the input's gradient in one buffer and adds each
/// weight's gradient straight into an existing weight.grad(); without one it returns it.
std::vector<at::Tensor> Linear(const at::Tensor& x, at::TensorList weights, at::TensorList biases);

/// The biases of a group that exist: a list that carries gradients may hold no undefined tensor.
struct PresentBiases {
  explicit PresentBiases(at::TensorList biases);

  std::vector<at::Tensor> tensors;
  std::vector<bool> flags;  // by layer: whether it has one
};

}  // namespace tersor::op

#endif  // TERSOR_OP_LINEAR_H_
