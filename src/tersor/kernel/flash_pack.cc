#include "tersor/kernel/flash_pack.h"

#include <algorithm>
#include <cstring>

#include "tersor/kernel/attend.h"
#include "tersor/util/half.h"

namespace tersor::kernel {
namespace {

float Load(const float* from) { return *from; }
float Load(const uint16_t* from) { return BF16ToFloat(*from); }

template <class T>
void Panels(const T* from, int64_t stride, int64_t count, int64_t dim, float* to) {
  for (int64_t row = 0; row < count; row += kKeyPanel, to += kKeyPanel * dim) {
    const T* rows = from + row * stride;
    if (row + kKeyPanel <= count) {
      for (int64_t i = 0; i < dim; ++i) {
        for (int64_t r = 0; r < kKeyPanel; ++r) {
          to[i * kKeyPanel + r] = Load(rows + r * stride + i);
        }
      }
      continue;
    }
    std::fill_n(to, kKeyPanel * dim, 0.0f);
    for (int64_t r = 0; r < count - row; ++r) {
      for (int64_t i = 0; i < dim; ++i) {
        to[i * kKeyPanel + r] = Load(rows + r * stride + i);
      }
    }
  }
}

template <class T>
void Rows(const T* from, int64_t stride, int64_t count, int64_t dim, float* to) {
  const int64_t padded = PaddedDim(dim);
  for (int64_t row = 0; row < count; ++row, from += stride, to += padded) {
    std::transform(from, from + dim, to, [](T x) { return Load(&x); });
    std::fill(to + dim, to + padded, 0.0f);
  }
}

}  // namespace

void PackPanels(FloatType type, const std::byte* from, int64_t stride, int64_t count, int64_t dim,
                float* to) {
  if (type == FloatType::kF32) {
    Panels(reinterpret_cast<const float*>(from), stride, count, dim, to);
  } else {
    Panels(reinterpret_cast<const uint16_t*>(from), stride, count, dim, to);
  }
}

void PackRows(FloatType type, const std::byte* from, int64_t stride, int64_t count, int64_t dim,
              float* to) {
  if (type == FloatType::kF32) {
    Rows(reinterpret_cast<const float*>(from), stride, count, dim, to);
  } else {
    Rows(reinterpret_cast<const uint16_t*>(from), stride, count, dim, to);
  }
}

}  // namespace tersor::kernel
