// Vision Transformer for image classification: patches and a class token through pre-norm blocks
// with bidirectional attention. Dosovitskiy et al. 2021, arXiv:2010.11929; DeiT's shapes and
// training: Touvron et al. 2021, arXiv:2012.12877.
#ifndef TERSOR_MODEL_VIT_H_
#define TERSOR_MODEL_VIT_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tersor/io/vit_config.h"
#include "tersor/model/language_model.h"
#include "tersor/nn/norm.h"

namespace tersor::model {

/// Methods enter through the plugs; the precision's sites are "attention.qkv", "attention.output",
/// "mlp.fc1" and "mlp.fc2" of each block. Patch embedding and classifier are float32 always.
class Vit {
 public:
  /// Throws Error for an invalid shape. Weights are zero, norms the identity.
  explicit Vit(const io::VitConfig& config, const Plugs& plugs = {});
  ~Vit();

  struct Output {
    at::Tensor logits;  // [batch, classes]
    at::Tensor loss;    // sum of the routers' losses; undefined: none
  };

  /// images [batch, channels, side, side], as ImagePreprocessor makes them. `branch_scales`
  /// [2 · layers, batch]: factor of each residual branch (attention and MLP in turn) for each
  /// image, as stochastic depth draws them; undefined: 1.
  Output Forward(const at::Tensor& images, const at::Tensor& branch_scales = {});

  /// All parameters in the order of ExpectedTensors.
  nn::ParameterList Parameters() const;

  const io::VitConfig& config() const { return config_; }

  /// Recompute each block in the backward pass instead of keeping its activations.
  void SetRecompute(bool recompute) { recompute_ = recompute; }

  /// Matrices, class token and positions N(0, initializer_range²); norms 1, biases 0.
  void InitWeights(uint64_t seed);
  /// The classifier alone, for classes that a loaded model does not know.
  void InitClassifier(uint64_t seed);

 private:
  class Block;
  at::Tensor Embed(const at::Tensor& images) const;

  io::VitConfig config_;
  nn::Parameter class_token_, positions_, patch_weight_, patch_bias_;
  std::vector<std::unique_ptr<Block>> blocks_;
  std::optional<nn::LayerNorm> final_norm_;
  nn::Parameter classifier_weight_, classifier_bias_;
  bool recompute_ = false;
};

/// Opens config.json and the weights of a ViTForImageClassification folder. Throws Error naming the
/// file and the field or tensor that is wrong.
std::unique_ptr<Vit> LoadVit(const std::string& folder, const Plugs& plugs = {});

/// The same with a fresh classifier, drawn by `seed`, over other classes.
std::unique_ptr<Vit> LoadVitForClasses(const std::string& folder,
                                       const std::vector<std::string>& labels, uint64_t seed,
                                       const Plugs& plugs = {});

}  // namespace tersor::model

#endif  // TERSOR_MODEL_VIT_H_
