// What a non-linear layer keeps for its backward pass: the tensor itself, or codes of it.
#ifndef TERSOR_OP_SAVED_CONTEXT_H_
#define TERSOR_OP_SAVED_CONTEXT_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

namespace torch::autograd {
struct AutogradContext;
}

namespace tersor::op {

/// Symmetric codes in groups along the last dimension (kernel/group_code.h), or float32.
/// Zhang et al. 2025, arXiv:2503.08040, keep 10 bits for non-linear layers.
struct ContextFormat {
  int bits = 32;  // 8, 10, or 32: as it is
  int64_t group = 128;
};

/// Tensors to be kept for x [..., cols], contiguous float32: always kSavedContext of them, some
/// undefined.
inline constexpr size_t kSavedContext = 3;
std::vector<at::Tensor> SaveContext(const at::Tensor& x, const ContextFormat& format);

/// What was saved, as float32 of the shape of x.
at::Tensor RestoreContext(std::span<const at::Tensor> saved, const ContextFormat& format);

/// The format itself, from the forward pass to the backward pass of an autograd function.
void KeepFormat(torch::autograd::AutogradContext* context, const ContextFormat& format);
ContextFormat KeptFormat(torch::autograd::AutogradContext* context);

}  // namespace tersor::op

#endif  // TERSOR_OP_SAVED_CONTEXT_H_
