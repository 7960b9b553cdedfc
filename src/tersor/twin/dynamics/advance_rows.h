// Steps of eight cars at once, in the widest vectors that the machine has.
#ifndef TERSOR_TWIN_DYNAMICS_ADVANCE_ROWS_H_
#define TERSOR_TWIN_DYNAMICS_ADVANCE_ROWS_H_

#include <cstdint>

#include "tersor/twin/dynamics/car_rows.h"

namespace tersor::twin {
namespace internal {

/// The loop that the compiler turns into vectors; the steps of different cars share nothing.
template <typename Rows, void (*StepCar)(Rows&, int, double)>
inline void AdvanceLanes(Rows& rows, double h, int64_t substeps) {
  for (int64_t step = 0; step < substeps; ++step) {
#pragma GCC ivdep
    for (int i = 0; i < kLanes; ++i) {
      StepCar(rows, i, h);
    }
  }
}

#if defined(__x86_64__)
// AVX2 without fused multiply-add: the same bytes as without AVX2.
template <typename Rows, void (*StepCar)(Rows&, int, double)>
[[gnu::target("avx2"), gnu::flatten]] void AdvanceLanesAvx2(Rows& rows, double h,
                                                            int64_t substeps) {
  AdvanceLanes<Rows, StepCar>(rows, h, substeps);
}
#endif

}  // namespace internal

/// Moves all lanes on by `substeps` of h. StepCar must not branch nor call what is not inline.
template <typename Rows, void (*StepCar)(Rows&, int, double)>
void AdvanceRows(Rows& rows, double h, int64_t substeps) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) {
    internal::AdvanceLanesAvx2<Rows, StepCar>(rows, h, substeps);
    return;
  }
#endif
  internal::AdvanceLanes<Rows, StepCar>(rows, h, substeps);
}

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_DYNAMICS_ADVANCE_ROWS_H_
