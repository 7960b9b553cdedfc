// A packed sparse matrix read bit by bit: what sparse_matvec.h is compared with.
#ifndef TERSOR_KERNEL_SPARSE_REFERENCE_H_
#define TERSOR_KERNEL_SPARSE_REFERENCE_H_

#include <cstdint>
#include <cstring>
#include <vector>

#include "tersor/kernel/sparse_matrix.h"
#include "tersor/util/half.h"

namespace tersor::kernel {

/// The value at `index` of the values; of kInt8 without the scale.
inline float SparseValue(const SparseMatrix& m, int64_t index) {
  const uint8_t* from = m.values + index * BytesOf(m.type);
  if (m.type == SparseType::kInt8) {
    return static_cast<float>(static_cast<int8_t>(*from));
  }
  if (m.type == SparseType::kBF16) {
    uint16_t bits;
    std::memcpy(&bits, from, sizeof(bits));
    return BF16ToFloat(bits);
  }
  float value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

/// All weights [rows, cols].
inline std::vector<float> DecodeSparseReference(const SparseMatrix& m) {
  std::vector<float> weights;
  int64_t next = 0;
  for (int64_t r = 0; r < m.rows; ++r) {
    for (int64_t c = 0; c < m.cols; ++c) {
      const bool stored = (m.masks[r * m.mask_bytes() + c / 8] >> (c % 8) & 1) != 0;
      float weight = stored ? SparseValue(m, next++) : 0.0f;
      if (m.type == SparseType::kInt8) {
        uint16_t scale;
        std::memcpy(&scale, m.scales + (r * m.row_scales() + c / kSparseScaleColumns) * 2,
                    sizeof(scale));
        weight *= BF16ToFloat(scale);
      }
      weights.push_back(weight);
    }
  }
  return weights;
}

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_SPARSE_REFERENCE_H_
