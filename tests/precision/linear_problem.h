// A group of two linear layers to compare precisions on.
#ifndef TERSOR_TESTS_PRECISION_LINEAR_PROBLEM_H_
#define TERSOR_TESTS_PRECISION_LINEAR_PROBLEM_H_

#include <ATen/ATen.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "tersor/nn/linear.h"

namespace tersor::precision {

struct Gradients {
  std::vector<at::Tensor> outputs;
  at::Tensor x;
  std::vector<at::Tensor> weights, biases;
};

/// Two layers of 5 tokens blocks' worth of input, with shapes that are no multiples of a block.
struct LinearProblem {
  at::Tensor x, weights[2], bias, grads[2];

  explicit LinearProblem(double outlier = 0) {
    at::manual_seed(7);
    x = at::randn({150, 200});
    if (outlier > 0) {
      x[3][17] = outlier;
    }
    weights[0] = at::randn({70, 200}) * 0.05;
    weights[1] = at::randn({260, 200}) * 0.05;
    bias = at::randn({260});
    grads[0] = at::randn({150, 70});
    grads[1] = at::randn({150, 260});
  }

  Gradients Run(const nn::PrecisionFactory& factory) const {
    const std::unique_ptr<nn::LinearPrecision> precision = factory({3, "mlp.gate_up"});
    Gradients all;
    const at::Tensor in = x.clone().requires_grad_();
    std::vector<at::Tensor> w = {weights[0].clone().requires_grad_(),
                                 weights[1].clone().requires_grad_()};
    precision->Bind({{"a.weight", w[0]}, {"b.weight", w[1]}});
    const std::vector<at::Tensor> b = {at::Tensor(), bias.clone().requires_grad_()};
    all.outputs = precision->Apply(in, w, b);
    const at::Tensor loss = (all.outputs[0] * grads[0]).sum() + (all.outputs[1] * grads[1]).sum();
    loss.backward();
    all.x = in.grad();
    all.weights = {w[0].grad(), w[1].grad()};
    all.biases = {b[1].grad()};
    return all;
  }
};

inline double RelativeError(const at::Tensor& a, const at::Tensor& b) {
  return ((a - b).norm() / b.norm()).item<double>();
}

/// Largest relative error of all outputs and gradients.
inline double LargestError(const Gradients& a, const Gradients& b) {
  double most = std::max(RelativeError(a.outputs[0], b.outputs[0]),
                         RelativeError(a.outputs[1], b.outputs[1]));
  most = std::max({most, RelativeError(a.x, b.x), RelativeError(a.weights[0], b.weights[0]),
                   RelativeError(a.weights[1], b.weights[1]),
                   RelativeError(a.biases[0], b.biases[0])});
  return most;
}

}  // namespace tersor::precision

#endif  // TERSOR_TESTS_PRECISION_LINEAR_PROBLEM_H_
