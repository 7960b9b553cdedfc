// Runs a check on every Highway target that this machine has, the scalar one included.
#ifndef TERSOR_TESTS_KERNEL_EACH_TARGET_H_
#define TERSOR_TESTS_KERNEL_EACH_TARGET_H_

#include <gtest/gtest.h>
#include <hwy/targets.h>

#include <functional>
#include <vector>

#include "tersor/util/rng.h"

namespace tersor::kernel {

inline void ForEachTarget(const std::function<void()>& check) {
  for (const int64_t target : hwy::SupportedAndGeneratedTargets()) {
    SCOPED_TRACE(hwy::TargetName(target));
    hwy::SetSupportedTargetsForTest(target);
    check();
  }
  hwy::SetSupportedTargetsForTest(0);
}

/// n values N(0, scale²), at an address that is a multiple of 4 bytes but not of a vector.
inline std::vector<float> Noise(size_t n, uint64_t stream, double scale = 1) {
  const Rng rng(11, stream);
  std::vector<float> values(n);
  for (size_t i = 0; i < n; ++i) {
    values[i] = static_cast<float>(scale * rng.Normal(i));
  }
  return values;
}

}  // namespace tersor::kernel

#endif  // TERSOR_TESTS_KERNEL_EACH_TARGET_H_
