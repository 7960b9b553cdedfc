// Saliency: one score a weight, the lowest pruned first.
#ifndef TERSOR_PRUNE_SALIENCY_H_
#define TERSOR_PRUNE_SALIENCY_H_

#include <ATen/core/Tensor.h>

#include <string>
#include <string_view>

#include "tersor/prune/prunable_model.h"

namespace tersor::prune {

enum class Metric { kMagnitude, kWanda, kSparseGpt };

inline constexpr std::string_view kMetricNames = "magnitude, wanda, sparsegpt";
/// Throws UsageError for a name that is none of these.
Metric MetricByName(const std::string& name);

/// What scores need of a layer's input; small enough to keep for every layer.
struct InputEvidence {
  at::Tensor norms;             // float32 [cols]: ||X_c||_2
  at::Tensor inverse_diagonal;  // double [cols]: of (XᵀX + damping)^-1; undefined: not computed
};

/// The inverse of H = XᵀX with damping times the mean of its diagonal added, and as the inverse's
/// upper Cholesky factor U, U^T U = H^-1, double [cols, cols]. Columns without input count as
/// inputs of their own. Where H is not positive definite in floating point, more damping is added.
/// Throws Error where that does not help.
struct InverseHessian {
  at::Tensor upper;
  at::Tensor Diagonal() const;  // of H^-1
};
InverseHessian InvertHessian(const at::Tensor& gram, double damping = 0.01);

/// float32 [rows, cols]. Magnitude: |W|. Wanda (Sun et al. 2023, arXiv:2306.11695): |W_rc|
/// ||X_c||. SparseGPT (Frantar and Alistarh 2023, arXiv:2301.00774, equation 3, and with OBS the
/// square root of the loss that removing the weight alone costs): |W_rc| / sqrt([H^-1]_cc).
at::Tensor Saliency(Metric metric, const at::Tensor& weight, const InputEvidence& input);

}  // namespace tersor::prune

#endif  // TERSOR_PRUNE_SALIENCY_H_
