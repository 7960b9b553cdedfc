#include "tersor/precision/int8_linear.h"

#include <ATen/ATen.h>

#include "tersor/precision/int8_products.h"

namespace tersor::precision {

std::vector<at::Tensor> Int8Precision::Forward(const at::Tensor& x, at::TensorList weights,
                                               bool for_backward, std::vector<at::Tensor>* kept) {
  const kernel::Workspace::Scope scope(state_.workspace);
  CodedTensor coded = QuantizeActivation(state_, site_, x, /*counts=*/for_backward);
  std::vector<at::Tensor> outputs;
  const kernel::BlockCodes view = coded.View();
  const kernel::Int8Operand rows =
      kernel::PackInt8(view, false, kernel::OperandSide::kRows, *state_.kernel, state_.workspace);
  for (const at::Tensor& weight : weights) {
    outputs.push_back(at::empty({x.size(0), weight.size(0)}, x.options()));
    Multiply(state_, rows, QuantizeWeight(state_, site_, weight), false, false, outputs.back());
  }
  if (!state_.config.weight_gradient_fallback) {
    coded.DropResiduals();
  }
  *kept = coded.Save();
  return outputs;
}

void Int8Precision::Backward(size_t, const at::Tensor& grad, const at::Tensor& weight,
                             std::span<const at::Tensor> kept, const Gradients& out) {
  const CodedTensor coded = QuantizeGradient(state_, site_, grad);
  if (out.x != nullptr) {
    MultiplyRows(state_, coded, false, QuantizeWeight(state_, site_, weight), true, out.add_x,
                 *out.x);
  }
  if (out.weight != nullptr) {
    const kernel::BlockGrid grid{grad.size(0), weight.size(1), state_.config.block};
    const CodedTensor x = CodedTensor::Restore(kept, grid, state_.config.limit());
    MultiplyRows(state_, coded, true, x, true, out.add_weight, *out.weight);
  }
}

}  // namespace tersor::precision
