// The gate of SwiGLU and its gradient.
#ifndef TERSOR_KERNEL_SWIGLU_H_
#define TERSOR_KERNEL_SWIGLU_H_

#include <cstdint>

namespace tersor::kernel {

/// out = silu(gate) · up, elementwise over n. Parallel.
void SwiGlu(int64_t n, const float* gate, const float* up, float* out);

/// With s = sigmoid(gate): grad_up = grad · gate · s; grad_gate = grad · up · s · (1 + gate (1 -
/// s)). Parallel.
void SwiGluBackward(int64_t n, const float* gate, const float* up, const float* grad,
                    float* grad_gate, float* grad_up);

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_SWIGLU_H_
