// How much quantized weights oscillate: they flip between two codes while the weights behind them
// hardly move. Chen et al. 2025, arXiv:2502.20853, section 4.
#ifndef TERSOR_PRECISION_OSCILLATION_H_
#define TERSOR_PRECISION_OSCILLATION_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace tersor::precision {

/// R_w above which a weight counts as oscillating.
constexpr double kOscillating = 16;

/// Sums, over the steps of a window, how far each weight and its quantized value moved.
class OscillationMeter {
 public:
  /// A window begins: `weights` and `quantized` in the same order and shapes.
  void Begin(const std::vector<at::Tensor>& weights, const std::vector<at::Tensor>& quantized,
             const at::Tensor& output);
  /// After a step. `output`: of the model on a fixed input; may be undefined.
  void Observe(const std::vector<at::Tensor>& weights, const std::vector<at::Tensor>& quantized,
               const at::Tensor& output);

  int64_t steps() const { return steps_; }
  /// R_w = dist_Q / dist_W of every element of weight `index`, in its shape.
  at::Tensor Ratio(size_t index) const;
  /// Share of all elements whose R_w exceeds kOscillating.
  double OscillatingShare() const;
  /// r(X) = mean over steps of |X - X before|_F / |X before|_F, X being all weights.
  double WeightRate() const { return Mean(weight_rate_); }
  double QuantizedRate() const { return Mean(quantized_rate_); }
  double OutputRate() const { return Mean(output_rate_); }

 private:
  double Mean(double sum) const { return steps_ > 0 ? sum / static_cast<double>(steps_) : 0; }

  int64_t steps_ = 0;
  std::vector<at::Tensor> weights_, quantized_;           // of the step before
  std::vector<at::Tensor> weight_path_, quantized_path_;  // sums of |differences|
  at::Tensor output_;
  double weight_rate_ = 0, quantized_rate_ = 0, output_rate_ = 0;
};

}  // namespace tersor::precision

#endif  // TERSOR_PRECISION_OSCILLATION_H_
