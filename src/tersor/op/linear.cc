#include "tersor/op/linear.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

namespace tersor::op {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Adds aᵀ b to an existing gradient of `leaf` and returns nothing, or returns the product.
at::Tensor AccumulateProduct(const at::Tensor& leaf, const at::Tensor& a, const at::Tensor& b) {
  at::Tensor accumulated = leaf.is_leaf() ? leaf.grad() : at::Tensor();
  if (accumulated.defined() && !at::GradMode::is_enabled()) {
    accumulated.addmm_(a.t(), b);
    return {};
  }
  return at::mm(a.t(), b);
}

/// Inputs in turn: x, the weights, then the biases that exist.
class LinearFunction : public torch::autograd::Function<LinearFunction> {
 public:
  static variable_list forward(AutogradContext* context, const at::Tensor& x,
                               const variable_list& weights, const variable_list& biases) {
    variable_list saved = {x};
    saved.insert(saved.end(), weights.begin(), weights.end());
    context->save_for_backward(saved);
    variable_list outputs;
    std::vector<bool> has_bias;
    for (size_t i = 0; i < weights.size(); ++i) {
      has_bias.push_back(biases[i].defined());
      outputs.push_back(biases[i].defined() ? at::addmm(biases[i], x, weights[i].t())
                                            : at::mm(x, weights[i].t()));
      context->saved_data["needs" + std::to_string(i)] = weights[i].requires_grad();
      context->saved_data["bias" + std::to_string(i)] = biases[i].defined();
    }
    context->saved_data["needs_x"] = x.requires_grad();
    return outputs;
  }

  static variable_list backward(AutogradContext* context, const variable_list& grads) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor& x = saved[0];
    const size_t count = saved.size() - 1;
    at::Tensor grad_x;
    variable_list grad_weights(count), grad_biases(count);
    for (size_t i = 0; i < count; ++i) {
      if (!grads[i].defined()) {
        continue;
      }
      const at::Tensor grad = grads[i].contiguous();
      const at::Tensor& weight = saved[i + 1];
      if (context->saved_data["needs_x"].toBool()) {
        if (grad_x.defined()) {
          grad_x.addmm_(grad, weight);
        } else {
          grad_x = at::mm(grad, weight);
        }
      }
      if (context->saved_data["needs" + std::to_string(i)].toBool()) {
        grad_weights[i] = AccumulateProduct(weight, grad, x);
      }
      if (context->saved_data["bias" + std::to_string(i)].toBool()) {
        grad_biases[i] = grad.sum(0);
      }
    }
    variable_list result = {grad_x};
    result.insert(result.end(), grad_weights.begin(), grad_weights.end());
    result.insert(result.end(), grad_biases.begin(), grad_biases.end());
    return result;
  }
};

}  // namespace

std::vector<at::Tensor> Linear(const at::Tensor& x, at::TensorList weights,
                               at::TensorList biases) {
  return LinearFunction::apply(x, weights.vec(), biases.vec());
}

}  // namespace tersor::op
