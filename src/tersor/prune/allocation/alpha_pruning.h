// The heavy-tail exponent of AlphaPruning, for its test.
#ifndef TERSOR_PRUNE_ALLOCATION_ALPHA_PRUNING_H_
#define TERSOR_PRUNE_ALLOCATION_ALPHA_PRUNING_H_

#include <span>
#include <vector>

namespace tersor::prune {

/// Where the tail of a spectrum begins.
enum class TailFit {
  kPeak,  // near the peak of the density on a logarithmic axis; of those the best fit
  kMid,   // at the median
};

/// Exponent alpha of the power law that the largest eigenvalues follow, by Hill's estimator (Lu et
/// al. 2024, arXiv:2410.10912, section 3). `eigenvalues`: positive, ascending, at least three.
double HillExponent(std::span<const double> eigenvalues, TailFit fit);

/// AlphaPruning's map from exponents to sparsities: s = c q with q in [1 - epsilon, 1 + epsilon]
/// linear in alpha, and c from the budget; no sparsity above 1.
std::vector<double> MapExponents(std::span<const double> alphas, std::span<const double> sizes,
                                 double target, double epsilon);

}  // namespace tersor::prune

#endif  // TERSOR_PRUNE_ALLOCATION_ALPHA_PRUNING_H_
