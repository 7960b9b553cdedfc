// When an op may call our kernels; otherwise it is a composite of ATen's operations, which works on
// any device and type.
#ifndef TERSOR_OP_FAST_PATH_H_
#define TERSOR_OP_FAST_PATH_H_

#include <ATen/core/Tensor.h>

#include <initializer_list>

namespace tersor::op {

/// True where all tensors are float32, contiguous and in the CPU's memory.
inline bool TakesFastPath(std::initializer_list<at::Tensor> tensors) {
  for (const at::Tensor& tensor : tensors) {
    if (!tensor.is_cpu() || tensor.scalar_type() != at::kFloat || !tensor.is_contiguous()) {
      return false;
    }
  }
  return true;
}

}  // namespace tersor::op

#endif  // TERSOR_OP_FAST_PATH_H_
