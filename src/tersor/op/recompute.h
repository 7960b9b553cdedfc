// Activation checkpointing: a block's activations are computed again in the backward pass instead
// of being kept. Chen et al. 2016, arXiv:1604.06174.
#ifndef TERSOR_OP_RECOMPUTE_H_
#define TERSOR_OP_RECOMPUTE_H_

#include <ATen/core/Tensor.h>

#include <functional>

namespace tersor::op {

/// block(input), of which only `input` is kept for the backward pass; that pass runs `block` again
/// and back-propagates through it, into the parameters' gradients too. `block` must be a pure
/// function of its input and its parameters, and outlive the backward pass.
at::Tensor Recompute(const std::function<at::Tensor(const at::Tensor&)>& block,
                     const at::Tensor& input);

}  // namespace tersor::op

#endif  // TERSOR_OP_RECOMPUTE_H_
