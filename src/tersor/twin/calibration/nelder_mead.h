// A search that needs no slopes and bears a little noise.
#ifndef TERSOR_TWIN_CALIBRATION_NELDER_MEAD_H_
#define TERSOR_TWIN_CALIBRATION_NELDER_MEAD_H_

#include <functional>
#include <vector>

namespace tersor::twin {

struct SearchSpace {
  std::vector<double> start, step, low, high;
};

/// The best point found by at most `evaluations` calls of `value`: Nelder's and Mead's simplex
/// ("A simplex method for function minimization", 1965), kept within the bounds, begun anew around
/// the best one, half as large, when it has shrunk to a hundredth of `step`. Deterministic: the
/// same values, the same points. Throws what `value` throws.
std::vector<double> MinimizeNelderMead(
    const SearchSpace& space, int evaluations,
    const std::function<double(const std::vector<double>&)>& value);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_CALIBRATION_NELDER_MEAD_H_
