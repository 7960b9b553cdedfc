// Linear layers over an exchangeable precision: how Y = X Wᵀ + b and its gradient products
// dX = G W, dW = Gᵀ X are computed.
#ifndef TERSOR_NN_LINEAR_H_
#define TERSOR_NN_LINEAR_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tersor/nn/parameter.h"

namespace tersor::nn {

/// Where a group of linear layers stands; a precision may differ by it.
struct LinearSite {
  int64_t layer = 0;  // transformer block, from 0
  std::string name;   // such as "self_attn.qkv" or "mlp.down_proj"
};

/// The arithmetic of linear layers that read the same input, so that one quantization of X serves
/// them all (q, k, v; gate, up). One instance a group: it may keep state, such as thresholds.
class LinearPrecision {
 public:
  virtual ~LinearPrecision() = default;

  /// Once, before the first Apply: the weights that it will be given, by name; their tensors are
  /// shared and filled later.
  virtual void Bind(const ParameterList& weights) { (void)weights; }

  /// y_i [tokens, out_i] = x [tokens, in] · weights_i [out_i, in]ᵀ + biases_i [out_i];
  /// differentiable in all three. An undefined bias means none.
  virtual std::vector<at::Tensor> Apply(const at::Tensor& x, at::TensorList weights,
                                        at::TensorList biases) = 0;

  /// State that a checkpoint keeps, by name; the tensors are shared, not copied.
  virtual NamedTensors State() { return {}; }
};

using PrecisionFactory = std::function<std::unique_ptr<LinearPrecision>(const LinearSite&)>;

/// Plain float32: the definition that the other precisions are compared with.
class Fp32Precision : public LinearPrecision {
 public:
  std::vector<at::Tensor> Apply(const at::Tensor& x, at::TensorList weights,
                                at::TensorList biases) override;
};
PrecisionFactory Fp32();

/// One or more linear layers that read the same input.
class LinearGroup {
 public:
  struct Output {
    std::string name;  // checkpoint name without ".weight"
    int64_t size = 0;  // out
    bool bias = false;
  };

  /// Weights start at zero; `InitNormal` or a checkpoint fills them.
  LinearGroup(const LinearSite& site, int64_t in, const std::vector<Output>& outputs,
              const PrecisionFactory& precision);

  /// x [tokens, in] -> one [tokens, out_i] for each output.
  std::vector<at::Tensor> Forward(const at::Tensor& x) const;

  ParameterList Parameters() const;
  std::vector<Parameter>& weights() { return weights_; }
  LinearPrecision& precision() { return *precision_; }

 private:
  std::unique_ptr<LinearPrecision> precision_;
  std::vector<Parameter> weights_, biases_;            // biases_: those that exist
  std::vector<at::Tensor> weight_views_, bias_views_;  // bias_views_: undefined where none
};

}  // namespace tersor::nn

#endif  // TERSOR_NN_LINEAR_H_
