// Hook: what a method does around each optimizer step, with its state in the checkpoint.
#ifndef TERSOR_TRAIN_HOOK_H_
#define TERSOR_TRAIN_HOOK_H_

#include <cstdint>
#include <functional>
#include <span>

#include "tersor/nn/parameter.h"
#include "tersor/util/json.h"

namespace tersor::train {

struct StepInfo {
  int64_t step = 0;  // optimizer steps done before this one
  double learning_rate = 0;
  const nn::ParameterList* parameters = nullptr;
  /// Targets of the batch, over all ranks: gradients are sums over them. From AfterBackward on.
  double targets = 0;
  /// Adds the gradients of the batch that begins at a sample, summed over ranks, and returns its
  /// targets. In BeforeStep only, for hooks that try steps out; they leave all gradients at zero.
  std::function<double(int64_t first_sample)> try_batch = nullptr;
};

class Hook {
 public:
  virtual ~Hook() = default;
  /// Before the first micro-batch of a step.
  virtual void BeforeStep(const StepInfo&) {}
  /// After all micro-batches and the sum over ranks; gradients are final but not yet clipped.
  virtual void AfterBackward(const StepInfo&) {}
  /// After the optimizer changed the parameters.
  virtual void AfterStep(const StepInfo&) {}

  /// Counts of this rank that are summed over ranks, in place, before AfterBackward.
  virtual std::span<double> Counts() { return {}; }
  /// State for the checkpoint; the tensors are shared, so that loading writes into them.
  virtual nn::NamedTensors State() { return {}; }
  /// Replaces, by copies, what a finished checkpoint holds in place of a parameter.
  virtual void Export(nn::ParameterList& parameters) { (void)parameters; }
  /// Adds this step's numbers to its line of the metrics log. The record draws each as a curve; an
  /// object of lists, {"mlp.down_proj": [by layer]}, becomes a chart an entry, one of numbers a
  /// chart. A key whose value comes in some steps only is null in the others.
  virtual void Report(Json& metrics) const { (void)metrics; }
};

}  // namespace tersor::train

#endif  // TERSOR_TRAIN_HOOK_H_
