// INT8 sums of values by vpdpbusd, which Highway 1.0 has no target for: AVX-512 VNNI and AVX-VNNI.
#ifndef TERSOR_KERNEL_INT8_VALUE_VNNI_H_
#define TERSOR_KERNEL_INT8_VALUE_VNNI_H_

#include <vector>

#include "tersor/kernel/int8_value.h"

namespace tersor::kernel {

/// Add the kernel of this width where the processor can run it.
void AddValueVnni512(std::vector<Int8ValueKernel>& kernels);
void AddValueVnni256(std::vector<Int8ValueKernel>& kernels);

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_INT8_VALUE_VNNI_H_
