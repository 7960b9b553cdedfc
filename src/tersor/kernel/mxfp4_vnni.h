// MXFP4 kernels for vpdpbusd, which Highway 1.0 has no target for: AVX-512 VNNI and AVX-VNNI.
#ifndef TERSOR_KERNEL_MXFP4_VNNI_H_
#define TERSOR_KERNEL_MXFP4_VNNI_H_

#include <vector>

#include "tersor/kernel/mxfp4_kernel.h"

namespace tersor::kernel {

/// Add the kernels of this width that the processor can run.
void AddMxfp4Vnni512(std::vector<Mxfp4Kernel>& kernels);
void AddMxfp4Vnni256(std::vector<Mxfp4Kernel>& kernels);

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_MXFP4_VNNI_H_
