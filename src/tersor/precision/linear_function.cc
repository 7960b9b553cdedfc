#include "tersor/precision/linear_function.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "tersor/op/linear.h"

namespace tersor::precision {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Inputs in turn: x, the weights, the biases that exist.
class LinearFunction : public torch::autograd::Function<LinearFunction> {
 public:
  static variable_list forward(AutogradContext* context, const at::Tensor& x,
                               at::TensorList weights, at::TensorList biases,
                               const std::vector<bool>& has_bias, bool for_backward,
                               LinearArithmetic* arithmetic) {
    variable_list kept;
    variable_list outputs = arithmetic->Forward(x, weights, for_backward, &kept);
    size_t next_bias = 0;
    c10::List<bool> flags;
    for (size_t i = 0; i < weights.size(); ++i) {
      flags.push_back(has_bias[i]);
      if (has_bias[i]) {
        outputs[i].add_(biases[next_bias++]);
      }
    }
    variable_list saved(weights.begin(), weights.end());
    saved.insert(saved.end(), kept.begin(), kept.end());
    context->save_for_backward(saved);
    context->saved_data["weights"] = static_cast<int64_t>(weights.size());
    context->saved_data["needs_grad_x"] = x.requires_grad();
    context->saved_data["rows"] = x.size(0);
    context->saved_data["has_bias"] = flags;
    context->saved_data["arithmetic"] = reinterpret_cast<int64_t>(arithmetic);
    return outputs;
  }

  static variable_list backward(AutogradContext* context, const variable_list& grads) {
    auto& arithmetic =
        *reinterpret_cast<LinearArithmetic*>(context->saved_data["arithmetic"].toInt());
    const auto count = static_cast<size_t>(context->saved_data["weights"].toInt());
    const bool needs_grad_x = context->saved_data["needs_grad_x"].toBool();
    const auto has_bias = context->saved_data["has_bias"].toBoolList();
    const variable_list saved = context->get_saved_variables();
    const std::span<const at::Tensor> weights = std::span(saved).first(count);
    at::Tensor grad_x;
    if (needs_grad_x) {
      grad_x = at::empty({context->saved_data["rows"].toInt(), weights[0].size(1)},
                         weights[0].options());
    }
    variable_list grad_weights(count), grad_biases;
    for (size_t i = 0; i < count; ++i) {
      const at::Tensor grad = grads[i].contiguous();
      LinearArithmetic::Gradients out;
      out.x = needs_grad_x ? &grad_x : nullptr;
      out.add_x = i > 0;
      at::Tensor grad_weight;
      if (weights[i].requires_grad()) {
        grad_weight = weights[i].is_leaf() ? weights[i].grad() : at::Tensor();
        out.add_weight = grad_weight.defined() && grad_weight.is_contiguous();
        if (!out.add_weight) {
          grad_weight = at::empty_like(weights[i], at::MemoryFormat::Contiguous);
        }
        out.weight = &grad_weight;
      }
      arithmetic.Backward(i, grad, weights[i], std::span(saved).subspan(count), out);
      grad_weights[i] = out.add_weight ? at::Tensor() : grad_weight;
      if (has_bias[i]) {
        grad_biases.push_back(grad.sum(0));
      }
    }
    variable_list result = {grad_x};
    result.insert(result.end(), grad_weights.begin(), grad_weights.end());
    result.insert(result.end(), grad_biases.begin(), grad_biases.end());
    result.resize(result.size() + 3);  // for what is no tensor
    return result;
  }
};

void Put(const at::Tensor& a, const at::Tensor& b, bool add, at::Tensor* out) {
  if (add) {
    out->addmm_(a, b);
  } else {
    at::mm_out(*out, a, b);
  }
}

}  // namespace

std::vector<at::Tensor> Products(const at::Tensor& x, at::TensorList weights,
                                 const std::function<at::Tensor(const at::Tensor&)>& round) {
  std::vector<at::Tensor> outputs;
  for (const at::Tensor& weight : weights) {
    outputs.push_back(at::mm(x, round(weight).t()));
  }
  return outputs;
}

void PutGradients(const at::Tensor& grad_for_x, const at::Tensor& weight,
                  const at::Tensor& grad_for_weight, const at::Tensor& x,
                  const LinearArithmetic::Gradients& out) {
  if (out.x != nullptr) {
    Put(grad_for_x, weight, out.add_x, out.x);
  }
  if (out.weight != nullptr) {
    Put(grad_for_weight.t(), x, out.add_weight, out.weight);
  }
}

std::vector<at::Tensor> ApplyLinear(LinearArithmetic& arithmetic, const at::Tensor& x,
                                    at::TensorList weights, at::TensorList biases) {
  const op::PresentBiases present(biases);
  // Inside the function gradients are always off.
  return LinearFunction::apply(x.contiguous(), weights, at::TensorList(present.tensors),
                               present.flags, at::GradMode::is_enabled(), &arithmetic);
}

}  // namespace tersor::precision
