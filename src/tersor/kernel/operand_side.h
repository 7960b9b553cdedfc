// The two operands of y = a bᵀ.
#ifndef TERSOR_KERNEL_OPERAND_SIDE_H_
#define TERSOR_KERNEL_OPERAND_SIDE_H_

namespace tersor::kernel {

enum class OperandSide {
  kRows,     // a: its rows are rows of y
  kColumns,  // b: its rows are columns of y
};

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_OPERAND_SIDE_H_
