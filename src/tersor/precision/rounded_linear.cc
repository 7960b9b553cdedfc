#include "tersor/precision/rounded_linear.h"

#include <ATen/ATen.h>

#include "tersor/precision/linear_function.h"

namespace tersor::precision {
namespace {

at::Tensor RoundToBf16(const at::Tensor& x) { return x.to(at::kBFloat16).to(at::kFloat); }

/// Values of INT8 codes under one scale for each maximum in `most` (which broadcasts over x).
at::Tensor RoundToInt8(const at::Tensor& x, const at::Tensor& most) {
  const at::Tensor step = most.clamp_min(1e-30) / 127;
  return (x / step).round().clamp(-127, 127) * step;
}
at::Tensor RoundRows(const at::Tensor& x) {
  return RoundToInt8(x, std::get<0>(x.abs().max(1, /*keepdim=*/true)));
}
at::Tensor RoundWhole(const at::Tensor& x) { return RoundToInt8(x, x.abs().max()); }

/// Activations, weights and gradients rounded to bfloat16. Kept: x in bfloat16.
class Bf16Arithmetic : public LinearArithmetic {
 public:
  std::vector<at::Tensor> Forward(const at::Tensor& x, at::TensorList weights, bool,
                                  std::vector<at::Tensor>* kept) override {
    kept->push_back(x.to(at::kBFloat16));
    return Products(RoundToBf16(x), weights, RoundToBf16);
  }
  void Backward(size_t, const at::Tensor& grad, const at::Tensor& weight,
                std::span<const at::Tensor> kept, const Gradients& out) override {
    const at::Tensor rounded = RoundToBf16(grad);
    PutGradients(rounded, RoundToBf16(weight), rounded, kept[0].to(at::kFloat), out);
  }
};

/// Rows of x and g in INT8, the whole w in INT8, weight gradients in float32. Kept: x.
class PerTokenArithmetic : public LinearArithmetic {
 public:
  std::vector<at::Tensor> Forward(const at::Tensor& x, at::TensorList weights, bool,
                                  std::vector<at::Tensor>* kept) override {
    kept->push_back(x);
    return Products(RoundRows(x), weights, RoundWhole);
  }
  void Backward(size_t, const at::Tensor& grad, const at::Tensor& weight,
                std::span<const at::Tensor> kept, const Gradients& out) override {
    PutGradients(RoundRows(grad), RoundWhole(weight), grad, kept[0], out);
  }
};

template <typename Arithmetic>
class RoundedPrecision : public nn::LinearPrecision {
 public:
  std::vector<at::Tensor> Apply(const at::Tensor& x, at::TensorList weights,
                                at::TensorList biases) override {
    return ApplyLinear(arithmetic_, x, weights, biases);
  }

 private:
  Arithmetic arithmetic_;
};

template <typename Arithmetic>
nn::PrecisionFactory FactoryOf() {
  return [](const nn::LinearSite&) { return std::make_unique<RoundedPrecision<Arithmetic>>(); };
}

}  // namespace

nn::PrecisionFactory Bf16Storage() { return FactoryOf<Bf16Arithmetic>(); }
nn::PrecisionFactory Int8PerToken() { return FactoryOf<PerTokenArithmetic>(); }

}  // namespace tersor::precision
