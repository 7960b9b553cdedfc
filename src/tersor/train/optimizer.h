// Optimizer: how gradients change the parameters.
#ifndef TERSOR_TRAIN_OPTIMIZER_H_
#define TERSOR_TRAIN_OPTIMIZER_H_

#include <cstdint>
#include <functional>
#include <memory>

#include "tersor/nn/parameter.h"

namespace tersor::train {

struct AdamWConfig {
  double beta1 = 0.9, beta2 = 0.95;
  double eps = 1e-8;
  double weight_decay = 0.1;  // only where Parameter::decay says so
};

class Optimizer {
 public:
  virtual ~Optimizer() = default;

  /// One update with gradients multiplied by `grad_scale` first; leaves the gradients at zero.
  /// `step`: updates done before this one, for the bias correction.
  virtual void Step(int64_t step, double learning_rate, double grad_scale) = 0;

  /// sqrt of the sum of the squared gradients; the same for any number of threads.
  double GradientNorm() const;

  /// What the checkpoint keeps; the tensors are shared, so that loading writes into them.
  virtual nn::NamedTensors State() const = 0;

 protected:
  /// Allocates gradients, all zero.
  explicit Optimizer(const nn::ParameterList& parameters);

  nn::ParameterList parameters_;
};

using OptimizerFactory =
    std::function<std::unique_ptr<Optimizer>(const nn::ParameterList&, const AdamWConfig&)>;

}  // namespace tersor::train

#endif  // TERSOR_TRAIN_OPTIMIZER_H_
