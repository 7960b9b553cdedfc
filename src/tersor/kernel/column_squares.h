// Sums of squares down the columns of a matrix: what pruning keeps of a layer's inputs.
#ifndef TERSOR_KERNEL_COLUMN_SQUARES_H_
#define TERSOR_KERNEL_COLUMN_SQUARES_H_

#include <cstdint>

namespace tersor::kernel {

/// sums[c] += sum over rows of x[r, c]² for x [rows, cols], row-major. Sixteen squares add up in
/// float32, these in double. Parallel over columns; the result does not depend on the number of
/// threads.
void AddColumnSquares(int64_t rows, int64_t cols, const float* x, double* sums);

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_COLUMN_SQUARES_H_
