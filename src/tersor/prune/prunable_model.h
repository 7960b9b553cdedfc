// A language model whose blocks' linear layers can be observed and pruned.
#ifndef TERSOR_PRUNE_PRUNABLE_MODEL_H_
#define TERSOR_PRUNE_PRUNABLE_MODEL_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tersor/model/language_model.h"

namespace tersor::prune {

/// What calibration tells about the input X [tokens, cols] of a linear layer. Sums are in double:
/// a mean of many small float32 terms loses digits.
struct InputStatistics {
  int64_t tokens = 0;
  at::Tensor squares;  // [cols]: of each column
  at::Tensor gram;     // [cols, cols], Xᵀ X; undefined where nothing asks for it

  /// ||X_c||_2 of each column, float32 [cols].
  at::Tensor Norms() const;
};

/// Layers that read the same input (q, k, v; gate, up), in float32, which can keep statistics of
/// it. Throws Error naming the layer where an input is not finite.
class ObservedGroup : public nn::LinearPrecision {
 public:
  explicit ObservedGroup(const nn::LinearSite& site) : site_(site) {}

  void Bind(const nn::ParameterList& weights) override { weights_ = weights; }
  std::vector<at::Tensor> Apply(const at::Tensor& x, at::TensorList weights,
                                at::TensorList biases) override;

  /// From now on statistics are gathered, beginning with none. Where nothing uses the `output`, it
  /// is zeros and costs no product.
  void Observe(bool with_gram, bool output);
  InputStatistics StopObserving();

  const nn::LinearSite& site() const { return site_; }
  nn::ParameterList& weights() { return weights_; }  // by checkpoint name; tensors are shared

 private:
  nn::LinearSite site_;
  nn::ParameterList weights_;
  bool observing_ = false, with_gram_ = false, output_ = true;
  InputStatistics statistics_;
};

class PrunableModel {
 public:
  /// Throws Error as LoadLanguageModel does.
  static PrunableModel Load(const std::string& folder);
  /// A model of random weights, for tests.
  static PrunableModel Make(const io::ModelConfig& config, uint64_t seed);

  model::LanguageModel& language_model() const { return *model_; }
  int64_t blocks() const { return static_cast<int64_t>(groups_.size()); }
  const std::vector<ObservedGroup*>& groups(int64_t block) const {
    return groups_[static_cast<size_t>(block)];
  }

 private:
  std::vector<std::vector<ObservedGroup*>> groups_;  // owned by the model
  std::unique_ptr<model::LanguageModel> model_;

  static model::Plugs PlugsInto(std::vector<std::vector<ObservedGroup*>>* groups);
};

}  // namespace tersor::prune

#endif  // TERSOR_PRUNE_PRUNABLE_MODEL_H_
