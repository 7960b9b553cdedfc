#include "tersor/precision/int8_linear.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <optional>

#include "tersor/op/linear.h"
#include "tersor/precision/int8_products.h"

namespace tersor::precision {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Inputs in turn: x, the weights, the biases that exist.
class Int8LinearFunction : public torch::autograd::Function<Int8LinearFunction> {
 public:
  static variable_list forward(AutogradContext* context, const at::Tensor& x,
                               at::TensorList weights, at::TensorList biases,
                               const std::vector<bool>& has_bias, bool counts, Int8State* state,
                               Int8Site* site) {
    const kernel::Workspace::Scope scope(state->workspace);
    CodedTensor coded = QuantizeActivation(*state, *site, x, counts);
    variable_list outputs;
    size_t next_bias = 0;
    {
      const kernel::BlockCodes view = coded.View();
      const kernel::Int8Operand rows = kernel::PackInt8(view, false, kernel::OperandSide::kRows,
                                                        *state->kernel, state->workspace);
      for (size_t i = 0; i < weights.size(); ++i) {
        at::Tensor y = at::empty({x.size(0), weights[i].size(0)}, x.options());
        Multiply(*state, rows, QuantizeWeight(*state, *site, weights[i]), false, false, y);
        if (has_bias[i]) {
          y.add_(biases[next_bias++]);
        }
        outputs.push_back(std::move(y));
      }
    }
    if (!state->config.weight_gradient_fallback) {
      coded.DropResiduals();
    }
    variable_list saved = coded.Save();
    saved.insert(saved.end(), weights.begin(), weights.end());
    context->save_for_backward(saved);
    context->saved_data["needs_grad_x"] = x.requires_grad();
    context->saved_data["rows"] = x.size(0);
    context->saved_data["has_bias"] = c10::List<bool>();
    for (const bool flag : has_bias) {
      context->saved_data["has_bias"].toBoolList().push_back(flag);
    }
    context->saved_data["state"] = reinterpret_cast<int64_t>(state);
    context->saved_data["site"] = reinterpret_cast<int64_t>(site);
    return outputs;
  }

  static variable_list backward(AutogradContext* context, const variable_list& grads) {
    auto& state = *reinterpret_cast<Int8State*>(context->saved_data["state"].toInt());
    auto& site = *reinterpret_cast<Int8Site*>(context->saved_data["site"].toInt());
    const bool needs_grad_x = context->saved_data["needs_grad_x"].toBool();
    const auto has_bias = context->saved_data["has_bias"].toBoolList();
    const variable_list saved = context->get_saved_variables();
    const std::span<const at::Tensor> weights = std::span(saved).subspan(CodedTensor::kSaved);
    const CodedTensor x = CodedTensor::Restore(
        std::span(saved).first(CodedTensor::kSaved),
        {context->saved_data["rows"].toInt(), weights[0].size(1), state.config.block});
    at::Tensor grad_x;
    variable_list grad_weights(weights.size()), grad_biases;
    for (size_t i = 0; i < weights.size(); ++i) {
      const at::Tensor grad = grads[i].contiguous();
      const CodedTensor coded = QuantizeGradient(state, site, grad);
      if (needs_grad_x) {
        AddInputGradient(state, site, coded, weights[i], &grad_x);
      }
      if (weights[i].requires_grad()) {
        grad_weights[i] = AccumulateWeightGradient(state, coded, x, weights[i]);
      }
      if (has_bias[i]) {
        grad_biases.push_back(grad.sum(0));
      }
    }
    variable_list result = {grad_x};
    result.insert(result.end(), grad_weights.begin(), grad_weights.end());
    result.insert(result.end(), grad_biases.begin(), grad_biases.end());
    result.resize(result.size() + 4);  // for what is no tensor
    return result;
  }

 private:
  /// grad_x (+)= Q(g) Q(w).
  static void AddInputGradient(Int8State& state, const Int8Site& site, const CodedTensor& grad,
                               const at::Tensor& weight, at::Tensor* grad_x) {
    const bool first = !grad_x->defined();
    if (first) {
      *grad_x = at::empty({grad.grid().rows, weight.size(1)}, at::kFloat);
    }
    MultiplyRows(state, grad, false, QuantizeWeight(state, site, weight), true, !first, *grad_x);
  }

  /// Adds Q(g)ᵀ F(x) to an existing gradient of the weight and returns nothing, or returns it.
  static at::Tensor AccumulateWeightGradient(Int8State& state, const CodedTensor& grad,
                                             const CodedTensor& x, const at::Tensor& weight) {
    at::Tensor accumulated = weight.is_leaf() ? weight.grad() : at::Tensor();
    const bool adds = accumulated.defined() && accumulated.is_contiguous();
    if (!adds) {
      accumulated = at::empty_like(weight, at::MemoryFormat::Contiguous);
    }
    MultiplyRows(state, grad, true, x, true, adds, accumulated);
    return adds ? at::Tensor() : accumulated;
  }
};

}  // namespace

std::vector<at::Tensor> Int8Precision::Apply(const at::Tensor& x, at::TensorList weights,
                                             at::TensorList biases) {
  const op::PresentBiases present(biases);
  // Under recomputation the forward pass runs twice, the first time without gradients.
  const bool counts = at::GradMode::is_enabled();
  return Int8LinearFunction::apply(x.contiguous(), weights, at::TensorList(present.tensors),
                                   present.flags, counts, &state_, &site_);
}

}  // namespace tersor::precision
