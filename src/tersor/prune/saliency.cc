#include "tersor/prune/saliency.h"

#include <ATen/ATen.h>

#include "tersor/util/error.h"
#include "tersor/util/log.h"

namespace tersor::prune {
namespace {

constexpr int kDampingAttempts = 6;

}  // namespace

Metric MetricByName(const std::string& name) {
  if (name == "magnitude") {
    return Metric::kMagnitude;
  }
  if (name == "wanda") {
    return Metric::kWanda;
  }
  if (name == "sparsegpt") {
    return Metric::kSparseGpt;
  }
  FailUsage("unknown metric ", name, "; there are: ", kMetricNames);
}

at::Tensor InverseHessian::Diagonal() const { return upper.square().sum(0); }

InverseHessian InvertHessian(const at::Tensor& gram, double damping) {
  at::Tensor hessian = gram.clone();
  const at::Tensor diagonal = hessian.diagonal();  // a view
  diagonal.masked_fill_(diagonal == 0, 1);
  const double mean = diagonal.mean().item<double>();
  const at::Tensor exact = diagonal.clone();
  for (int attempt = 0; attempt < kDampingAttempts; ++attempt, damping *= 10) {
    diagonal.copy_(exact + damping * mean);
    const auto [lower, failed] = at::linalg_cholesky_ex(hessian);
    if (failed.item<int>() != 0) {
      log::Warn("calibration leaves a Hessian that is not positive definite; damping {}",
                damping * 10);
      damping = damping == 0 ? 1e-3 : damping;
      continue;
    }
    const auto [upper, inverse_failed] =
        at::linalg_cholesky_ex(at::cholesky_inverse(lower), /*upper=*/true);
    if (inverse_failed.item<int>() == 0) {
      return {upper};
    }
  }
  Fail("a calibration Hessian cannot be inverted; use more calibration text");
}

at::Tensor Saliency(Metric metric, const at::Tensor& weight, const InputEvidence& input) {
  const at::Tensor magnitude = weight.detach().abs();
  switch (metric) {
    case Metric::kWanda:
      return magnitude * input.norms;
    case Metric::kSparseGpt:
      return magnitude * input.inverse_diagonal.rsqrt().to(at::kFloat);
    case Metric::kMagnitude:
      break;
  }
  return magnitude;
}

}  // namespace tersor::prune
