// Linear layers as one autograd function over an exchangeable arithmetic.
#ifndef TERSOR_PRECISION_LINEAR_FUNCTION_H_
#define TERSOR_PRECISION_LINEAR_FUNCTION_H_

#include <ATen/core/Tensor.h>

#include <functional>
#include <span>
#include <vector>

namespace tersor::precision {

/// The three products of linear layers that share an input x [tokens, in]: y = x wᵀ, dx = g w and
/// dw = gᵀ x for weights w [out, in] and output gradients g [tokens, out]. Biases stay outside.
class LinearArithmetic {
 public:
  virtual ~LinearArithmetic() = default;

  /// One y for each weight. Appends to `kept` what Backward needs; tensors may be undefined.
  /// `for_backward`: false in evaluation, and in the first of two passes under recomputation.
  virtual std::vector<at::Tensor> Forward(const at::Tensor& x, at::TensorList weights,
                                          bool for_backward, std::vector<at::Tensor>* kept) = 0;

  /// Where the gradients of one layer go; null: not wanted.
  struct Gradients {
    at::Tensor* x = nullptr;                 // [tokens, in], contiguous
    at::Tensor* weight = nullptr;            // [out, in], contiguous
    bool add_x = false, add_weight = false;  // to what is there; else it is overwritten
  };

  /// Of layer `index`; `kept` as Forward left it, `grad` contiguous.
  virtual void Backward(size_t index, const at::Tensor& grad, const at::Tensor& weight,
                        std::span<const at::Tensor> kept, const Gradients& out) = 0;
};

/// x wᵀ for each weight, rounded by `round` first: the products of an arithmetic that computes with
/// float32 values of rounded operands.
std::vector<at::Tensor> Products(const at::Tensor& x, at::TensorList weights,
                                 const std::function<at::Tensor(const at::Tensor&)>& round);
/// Its gradients: dx = g_x w and dw = g_wᵀ x, of the gradient as each of the products rounds it.
void PutGradients(const at::Tensor& grad_for_x, const at::Tensor& weight,
                  const at::Tensor& grad_for_weight, const at::Tensor& x,
                  const LinearArithmetic::Gradients& out);

/// y_i = x w_iᵀ + b_i by `arithmetic`, which must live until the backward pass is over. As
/// op::Linear, gradients of weights are added straight into an existing weight.grad().
std::vector<at::Tensor> ApplyLinear(LinearArithmetic& arithmetic, const at::Tensor& x,
                                    at::TensorList weights, at::TensorList biases);

}  // namespace tersor::precision

#endif  // TERSOR_PRECISION_LINEAR_FUNCTION_H_
