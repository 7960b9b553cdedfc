// What each attention layer of a model is given on some text.
#ifndef TERSOR_ATTENTION_LAYER_INPUTS_H_
#define TERSOR_ATTENTION_LAYER_INPUTS_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "tersor/model/language_model.h"
#include "tersor/nn/attention.h"

namespace tersor::attention {

/// A language model whose attention layers can be looked at from outside.
class WatchedModel {
 public:
  /// Throws Error where the folder has no such model.
  explicit WatchedModel(const std::string& folder);

  const io::ModelConfig& config() const { return model_->config(); }

  /// Runs int64 [sequences, length] through the blocks, block by block and one sequence at a time,
  /// and shows what each layer's attention was given, one input (a batch of one) a sequence. Only
  /// one layer's inputs are kept, unless `visit` keeps more. Without gradients.
  void VisitLayers(
      const at::Tensor& tokens,
      const std::function<void(int64_t layer, std::span<const nn::AttentionInput>)>& visit);

 private:
  nn::AttentionInput seen_;
  std::unique_ptr<model::LanguageModel> model_;
};

}  // namespace tersor::attention

#endif  // TERSOR_ATTENTION_LAYER_INPUTS_H_
