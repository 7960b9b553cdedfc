#include "tersor/train/optimizer.h"

#include <ATen/ATen.h>

#include <cmath>

#include "tersor/kernel/adamw.h"

namespace tersor::train {

Optimizer::Optimizer(const nn::ParameterList& parameters) : parameters_(parameters) {
  for (nn::Parameter& parameter : parameters_) {
    parameter.value.mutable_grad() = at::zeros_like(parameter.value);
  }
}

double Optimizer::GradientNorm() const {
  double squares = 0;
  for (const nn::Parameter& parameter : parameters_) {
    const at::Tensor& grad = parameter.value.grad();
    squares += kernel::SumSquares(grad.data_ptr<float>(), grad.numel());
  }
  return std::sqrt(squares);
}

}  // namespace tersor::train
