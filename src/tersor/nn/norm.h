// Normalisation layers over the last dimension.
#ifndef TERSOR_NN_NORM_H_
#define TERSOR_NN_NORM_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

#include "tersor/nn/parameter.h"
#include "tersor/op/saved_context.h"

namespace tersor::nn {

/// y = x / sqrt(mean(x²) + eps) · weight; Zhang and Sennrich 2019, arXiv:1910.07467.
class RmsNorm {
 public:
  RmsNorm(const std::string& name, int64_t dim, double eps, const op::ContextFormat& context = {});
  at::Tensor Forward(const at::Tensor& x) const;  // [tokens, dim] -> [tokens, dim]
  ParameterList Parameters() const { return {weight_}; }

 private:
  Parameter weight_;
  double eps_;
  op::ContextFormat context_;
};

/// y = (x - mean) / sqrt(variance + eps) · weight + bias; Ba et al. 2016, arXiv:1607.06450.
class LayerNorm {
 public:
  /// `affine` false: no weight and no bias.
  LayerNorm(const std::string& name, int64_t dim, double eps, bool affine = true, bool bias = true,
            const op::ContextFormat& context = {});
  at::Tensor Forward(const at::Tensor& x) const;  // [tokens, dim] -> [tokens, dim]
  ParameterList Parameters() const { return parameters_; }

 private:
  ParameterList parameters_;
  at::Tensor weight_, bias_;  // undefined where absent
  double eps_;
  op::ContextFormat context_;
};

}  // namespace tersor::nn

#endif  // TERSOR_NN_NORM_H_
