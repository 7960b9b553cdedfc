// Codes of 8 or 10 bits in groups along a row, for what non-linear layers keep for backward.
// Zhang et al. 2025, arXiv:2503.08040.
#ifndef TERSOR_KERNEL_GROUP_CODE_H_
#define TERSOR_KERNEL_GROUP_CODE_H_

#include <cstdint>

namespace tersor::kernel {

/// Rows of codes: x ~ code · scale, |code| <= 2^(bits - 1) - 1, one scale for each `group` columns.
/// The high eight bits of a code are a byte of their own; the two low bits of 10 are packed four to
/// a byte, those of columns j, j + q, j + 2q and j + 3q together, q = low_cols().
struct GroupCodeShape {
  int64_t rows = 0, cols = 0;
  int64_t group = 128;  // a multiple of 16, at most 128; a row's last group may be shorter
  int bits = 10;        // 8 or 10

  int64_t groups() const { return (cols + group - 1) / group; }         // of a row
  int64_t low_cols() const { return bits == 10 ? (cols + 3) / 4 : 0; }  // bytes of a row
};

/// x [rows, cols] -> high [rows, cols], low [rows, low_cols()], scales [rows, groups()]; to
/// nearest, half to even. A group with a value that is not finite decodes to NaN.
void EncodeGroups(const float* x, const GroupCodeShape& shape, uint8_t* high, uint8_t* low,
                  float* scales);
void DecodeGroups(const uint8_t* high, const uint8_t* low, const float* scales,
                  const GroupCodeShape& shape, float* x);

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_GROUP_CODE_H_
