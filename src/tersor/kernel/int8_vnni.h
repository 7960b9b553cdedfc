// INT8 kernels for vpdpbusd, which Highway 1.0 has no target for: AVX-512 VNNI and AVX-VNNI.
#ifndef TERSOR_KERNEL_INT8_VNNI_H_
#define TERSOR_KERNEL_INT8_VNNI_H_

#include <vector>

#include "tersor/kernel/int8_kernel.h"

namespace tersor::kernel {

/// Add the kernels of this width that the processor can run.
void AddVnni512(std::vector<Int8Kernel>& kernels);
void AddVnni256(std::vector<Int8Kernel>& kernels);

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_INT8_VNNI_H_
