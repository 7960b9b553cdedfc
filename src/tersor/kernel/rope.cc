#include "tersor/kernel/rope.h"

namespace tersor::kernel {
namespace {

void RotateHalves(int64_t half, const float* __restrict cosine, const float* __restrict sine,
                  float* __restrict low, float* __restrict high) {
  for (int64_t i = 0; i < half; ++i) {
    const float a = low[i], b = high[i];
    low[i] = a * cosine[i] - b * sine[i];
    high[i] = b * cosine[i] + a * sine[i];
  }
}

}  // namespace

void Rope(RopePairs pairs, int64_t heads, int64_t head_dim, const float* cosine, const float* sine,
          float* x) {
  const int64_t half = head_dim / 2;
  for (float* head = x; head != x + heads * head_dim; head += head_dim) {
    if (pairs == RopePairs::kHalves) {
      RotateHalves(half, cosine, sine, head, head + half);
      continue;
    }
    for (int64_t i = 0; i < half; ++i) {
      const float a = head[2 * i], b = head[2 * i + 1];
      head[2 * i] = a * cosine[i] - b * sine[i];
      head[2 * i + 1] = b * cosine[i] + a * sine[i];
    }
  }
}

}  // namespace tersor::kernel
