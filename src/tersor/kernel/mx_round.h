// Rounding of a float matrix to the values of any MX format: what MXFP8 or E3M0 would make of it.
// For studies of formats; MXFP4 has fast kernels in mxfp4_code.h.
#ifndef TERSOR_KERNEL_MX_ROUND_H_
#define TERSOR_KERNEL_MX_ROUND_H_

#include <cstdint>

#include "tersor/kernel/mx_format.h"

namespace tersor::kernel {

/// values [rows, cols] of x [rows, cols], groups of 32 along the columns, the last one of a row
/// shorter. `values` may be x. A group with a value that is not finite becomes NaN, and the result
/// is false.
bool MxRound(const float* x, int64_t rows, int64_t cols, MxElement element,
             const MxRounding& rounding, float* values);

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_MX_ROUND_H_
