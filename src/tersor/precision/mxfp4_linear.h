// The TetraJet linear layer: six MXFP4 quantizers around three products.
// Chen et al. 2025, arXiv:2502.20853, section 3.
#ifndef TERSOR_PRECISION_MXFP4_LINEAR_H_
#define TERSOR_PRECISION_MXFP4_LINEAR_H_

#include <memory>
#include <string>

#include "tersor/precision/linear_function.h"
#include "tersor/precision/mxfp4_tensor.h"
#include "tersor/precision/mxfp4_training.h"

namespace tersor::precision {

/// Q2(w): codes of a weight, by Q-EMA where it counts. Throws Error naming `what` and the step
/// where it is not finite.
Mxfp4Tensor QuantizeMxfp4Weight(const Mxfp4State& state, const at::Tensor& weight,
                                const at::Tensor& average, const std::string& what);

/// The values of Q2(w) for any configured format.
at::Tensor Mxfp4WeightValues(Mxfp4State& state, const at::Tensor& weight, const at::Tensor& average,
                             const std::string& what);

/// One group of layers over shared state. `averages`: of its weights, undefined without Q-EMA.
/// All arguments must outlive it.
///
///   y = Q1(x) Q2(w)ᵀ     dx = Q3(g) Q4(Q2(w))     dw = Q5(gᵀ) Q6(Q1(x))
///
/// Groups of 32 run along the contraction of each product. Q3 to Q6 round stochastically and draw
/// apart from each other, so that dx and dw are unbiased for the gradient of the quantized layer.
struct Mxfp4Group {
  std::string name;
  std::vector<at::Tensor> averages;
};
std::unique_ptr<LinearArithmetic> MakeMxfp4Arithmetic(Mxfp4State& state, const Mxfp4Group& group);

}  // namespace tersor::precision

#endif  // TERSOR_PRECISION_MXFP4_LINEAR_H_
