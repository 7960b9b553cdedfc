// Feed-forward blocks: the gated MLP of LLaMA, the plain MLP of OPT, and a routed set of either.
#ifndef TERSOR_NN_MLP_H_
#define TERSOR_NN_MLP_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tersor/nn/linear.h"
#include "tersor/nn/parameter.h"
#include "tersor/nn/router.h"
#include "tersor/op/saved_context.h"

namespace tersor::nn {

/// x [tokens, dim] -> [tokens, dim].
class Mlp {
 public:
  virtual ~Mlp() = default;
  virtual at::Tensor Forward(const at::Tensor& x) const = 0;
  virtual ParameterList Parameters() const = 0;
  /// Weights of the last product, whose start is scaled down with depth.
  virtual std::vector<Parameter>& OutputWeights() = 0;
};

/// down(silu(gate(x)) ⊙ up(x)); Shazeer 2020, arXiv:2002.05202.
class GatedMlp : public Mlp {
 public:
  /// `name` is the checkpoint's prefix, such as "model.layers.0.mlp".
  GatedMlp(const std::string& name, int64_t layer, int64_t dim, int64_t hidden, bool bias,
           const PrecisionFactory& precision, const op::ContextFormat& context = {});
  at::Tensor Forward(const at::Tensor& x) const override;
  ParameterList Parameters() const override;
  std::vector<Parameter>& OutputWeights() override { return down_.weights(); }

 private:
  LinearGroup gate_up_, down_;
  op::ContextFormat context_;
};

enum class Activation { kRelu, kGelu };

/// fc2(activation(fc1(x))).
class PlainMlp : public Mlp {
 public:
  /// `name` is the checkpoint's prefix, such as "model.decoder.layers.0".
  PlainMlp(const std::string& name, int64_t layer, int64_t dim, int64_t hidden, bool bias,
           Activation activation, const PrecisionFactory& precision,
           const op::ContextFormat& context = {});
  at::Tensor Forward(const at::Tensor& x) const override;
  ParameterList Parameters() const override;
  std::vector<Parameter>& OutputWeights() override { return fc2_.weights(); }

 private:
  LinearGroup fc1_, fc2_;
  Activation activation_;
  op::ContextFormat context_;
};

/// A router over experts; with the dense router it is the one MLP itself.
class RoutedMlp {
 public:
  /// `make_expert(i)` makes expert i.
  RoutedMlp(std::unique_ptr<Router> router,
            const std::function<std::unique_ptr<Mlp>(int64_t)>& make_expert);

  struct Result {
    at::Tensor output;  // [tokens, dim]
    at::Tensor loss;    // the router's; undefined: none
  };
  Result Forward(const at::Tensor& x) const;
  ParameterList Parameters() const;
  std::vector<std::unique_ptr<Mlp>>& experts() { return experts_; }

 private:
  std::unique_ptr<Router> router_;
  std::vector<std::unique_ptr<Mlp>> experts_;
};

}  // namespace tersor::nn

#endif  // TERSOR_NN_MLP_H_
