// The quantizers and products of INT8 linear layers, as functions of whole tensors.
#ifndef TERSOR_PRECISION_INT8_PRODUCTS_H_
#define TERSOR_PRECISION_INT8_PRODUCTS_H_

#include <ATen/core/Tensor.h>

#include "tersor/kernel/int8_gemm.h"
#include "tersor/precision/coded_tensor.h"
#include "tersor/precision/int8_training.h"

namespace tersor::precision {

/// F(x): codes of an activation [tokens, in], with residuals where the site's threshold says so.
/// In training they are counted if `counts` is set.
CodedTensor QuantizeActivation(Int8State& state, Int8Site& site, const at::Tensor& x, bool counts);
/// Q(w), rounded to nearest.
CodedTensor QuantizeWeight(Int8State& state, const Int8Site& site, const at::Tensor& weight);
/// Q(g), rounded stochastically with fresh random numbers.
CodedTensor QuantizeGradient(Int8State& state, const Int8Site& site, const at::Tensor& grad);

/// y [rows of a, rows of b] (+)= a bᵀ, of either or of its transpose. y must be contiguous.
void MultiplyRows(Int8State& state, const CodedTensor& a, bool a_transposed, const CodedTensor& b,
                  bool b_transposed, bool accumulate, at::Tensor& y);

/// The same with `a` packed before.
void Multiply(Int8State& state, const kernel::Int8Operand& a, const CodedTensor& b,
              bool b_transposed, bool accumulate, at::Tensor& y);

}  // namespace tersor::precision

#endif  // TERSOR_PRECISION_INT8_PRODUCTS_H_
