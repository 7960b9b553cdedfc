// A causal language model: tokens in, final hidden states out, and the head that turns them into
// logits. Written once; a method enters through the plugs.
#ifndef TERSOR_MODEL_LANGUAGE_MODEL_H_
#define TERSOR_MODEL_LANGUAGE_MODEL_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>

#include "tersor/io/model_config.h"
#include "tersor/nn/attention.h"
#include "tersor/nn/linear.h"
#include "tersor/nn/parameter.h"
#include "tersor/nn/router.h"
#include "tersor/op/cross_entropy.h"
#include "tersor/op/saved_context.h"

namespace tersor::model {

/// The output head's product and the loss behind it, as one function: op::LinearCrossEntropy.
using HeadLossFunction = std::function<at::Tensor(
    const at::Tensor& hidden, const at::Tensor& weight, const at::Tensor& targets)>;

/// How a model computes; the defaults are the plain definitions.
struct Plugs {
  nn::PrecisionFactory precision = nn::Fp32();
  nn::AttentionFactory attention = nn::Dense();
  nn::RouterFactory router = nn::SingleExpert();
  op::ContextFormat context;  // of what norms and activation functions keep for backward
  HeadLossFunction head_loss = op::LinearCrossEntropy;
};

class LanguageModel {
 public:
  struct Output {
    at::Tensor hidden;  // [batch * tokens, head_dim()], after the final norm
    at::Tensor loss;    // sum of the routers' losses; undefined: none
  };

  virtual ~LanguageModel() = default;

  /// tokens: int64 [batch, tokens]; tokens <= config().max_position_embeddings for learned
  /// positions. Differentiable in all parameters.
  Output Forward(const at::Tensor& tokens);

  /// The same in parts, for methods that go block by block: what the first block reads, [batch *
  /// tokens, hidden]; one of config().num_hidden_layers blocks; and from the last block's output
  /// to Output::hidden. A router's loss is added to `loss`.
  virtual at::Tensor Embed(const at::Tensor& tokens) = 0;
  virtual at::Tensor RunBlock(int64_t block, const at::Tensor& x, int64_t batch,
                              at::Tensor* loss) = 0;
  virtual at::Tensor Finish(const at::Tensor& x) = 0;

  /// Matrix of the output head [vocab, width of hidden]; logits = hidden · headᵀ.
  virtual const at::Tensor& HeadWeight() const = 0;

  /// SUM of -log p(target) over targets >= 0 [tokens], through the head; differentiable.
  at::Tensor HeadLoss(const at::Tensor& hidden, const at::Tensor& targets) const {
    return head_loss_(hidden, HeadWeight(), targets);
  }

  /// All parameters in checkpoint order; a tied head appears once, as the embedding.
  virtual nn::ParameterList Parameters() const = 0;

  const io::ModelConfig& config() const { return config_; }

  /// [batch, tokens, vocab].
  at::Tensor Logits(const at::Tensor& tokens);

  /// Recompute each block in the backward pass instead of keeping its activations.
  void SetRecompute(bool recompute) { recompute_ = recompute; }

  /// Every matrix N(0, initializer_range²), those that write to the residual stream divided by
  /// sqrt(2 · layers) (Radford et al. 2019); norms 1, biases 0.
  void InitWeights(uint64_t seed);

 protected:
  LanguageModel(const io::ModelConfig& config, const Plugs& plugs)
      : config_(config), head_loss_(plugs.head_loss) {}

  io::ModelConfig config_;

 private:
  HeadLossFunction head_loss_;
  bool recompute_ = false;
};

/// A model of the configured architecture with weights at zero. Throws Error for invalid shapes.
std::unique_ptr<LanguageModel> MakeLanguageModel(const io::ModelConfig& config,
                                                 const Plugs& plugs = {});

}  // namespace tersor::model

#endif  // TERSOR_MODEL_LANGUAGE_MODEL_H_
