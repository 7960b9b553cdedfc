// Linear layers that INT8 blocks are compared with. They compute with float32 products of rounded
// operands: the same numbers as their integer forms up to the order of sums, at no gain in speed.
#ifndef TERSOR_PRECISION_ROUNDED_LINEAR_H_
#define TERSOR_PRECISION_ROUNDED_LINEAR_H_

#include "tersor/nn/linear.h"

namespace tersor::precision {

/// Activations, weights and gradients rounded to bfloat16; activations are kept in it.
nn::PrecisionFactory Bf16Storage();

/// SwitchBack (Wortsman et al. 2023, arXiv:2304.13013): INT8 with one scale a row of activations
/// and gradients and one for the weight; weight gradients in float32.
nn::PrecisionFactory Int8PerToken();

}  // namespace tersor::precision

#endif  // TERSOR_PRECISION_ROUNDED_LINEAR_H_
