// INT8 scores by vpdpbusd, which Highway 1.0 has no target for: AVX-512 VNNI and AVX-VNNI.
#ifndef TERSOR_KERNEL_INT8_SCORE_VNNI_H_
#define TERSOR_KERNEL_INT8_SCORE_VNNI_H_

#include <vector>

#include "tersor/kernel/int8_score.h"

namespace tersor::kernel {

/// Add the kernel of this width where the processor can run it.
void AddScoreVnni512(std::vector<Int8ScoreKernel>& kernels);
void AddScoreVnni256(std::vector<Int8ScoreKernel>& kernels);

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_INT8_SCORE_VNNI_H_
