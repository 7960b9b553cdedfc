#include "tersor/op/linear.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <vector>

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

/// Inputs in turn: x, the weights, the biases that exist.
class LinearFunction : public torch::autograd::Function<LinearFunction> {
 public:
  // Tensor lists, not vectors: libtorch takes only those for inputs that carry gradients.
  static variable_list forward(AutogradContext* context, const at::Tensor& x,
                               at::TensorList weights, at::TensorList biases,
                               const std::vector<bool>& has_bias) {
    variable_list saved = {x};
    saved.insert(saved.end(), weights.begin(), weights.end());
    context->save_for_backward(saved);
    context->saved_data["has_bias"] = c10::List<bool>();
    auto flags = context->saved_data["has_bias"].toBoolList();
    variable_list outputs;
    size_t next_bias = 0;
    for (size_t i = 0; i < weights.size(); ++i) {
      flags.push_back(has_bias[i]);
      outputs.push_back(has_bias[i] ? at::addmm(biases[next_bias++], x, weights[i].t())
                                    : at::mm(x, weights[i].t()));
    }
    return outputs;
  }

  static variable_list backward(AutogradContext* context, const variable_list& grads) {
    const variable_list saved = context->get_saved_variables();
    const auto has_bias = context->saved_data["has_bias"].toBoolList();
    const at::Tensor& x = saved[0];
    const size_t count = saved.size() - 1;
    at::Tensor grad_x;
    variable_list grad_weights(count), grad_biases;
    for (size_t i = 0; i < count; ++i) {
      const at::Tensor& weight = saved[i + 1];
      const at::Tensor grad = grads[i].contiguous();
      if (x.requires_grad() && grad_x.defined()) {
        grad_x.addmm_(grad, weight);
      } else if (x.requires_grad()) {
        grad_x = at::mm(grad, weight);
      }
      if (weight.requires_grad()) {
        grad_weights[i] = AccumulateProduct(weight, grad, x);
      }
      if (has_bias[i]) {
        grad_biases.push_back(grad.sum(0));
      }
    }
    variable_list result = {grad_x};
    result.insert(result.end(), grad_weights.begin(), grad_weights.end());
    result.insert(result.end(), grad_biases.begin(), grad_biases.end());
    result.emplace_back();  // for the flags
    return result;
  }
};

}  // namespace

std::vector<at::Tensor> Linear(const at::Tensor& x, at::TensorList weights, at::TensorList biases) {
  const PresentBiases present(biases);
  return LinearFunction::apply(x, weights, at::TensorList(present.tensors), present.flags);
}

PresentBiases::PresentBiases(at::TensorList biases) {
  for (const at::Tensor& bias : biases) {
    flags.push_back(bias.defined());
    if (bias.defined()) {
      tensors.push_back(bias);
    }
  }
}

}  // namespace tersor::op
