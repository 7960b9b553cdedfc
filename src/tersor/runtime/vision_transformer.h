// Image classification with a Vision Transformer whose matrices are packed in any WeightFormat.
#ifndef TERSOR_RUNTIME_VISION_TRANSFORMER_H_
#define TERSOR_RUNTIME_VISION_TRANSFORMER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tersor/io/vit_config.h"
#include "tersor/kernel/workspace.h"
#include "tersor/runtime/linear.h"
#include "tersor/runtime/norm.h"

namespace tersor::runtime {

/// Dosovitskiy et al. 2021, arXiv:2010.11929: what ViTForImageClassification computes. Not
/// thread-safe: one pass at a time.
class VisionTransformer {
 public:
  /// Opens a model folder. `weights`: name of a WeightFormat that the matrices of the blocks are
  /// packed into (every matrix, where the format is for more than blocks), or "" to serve them as
  /// they are stored and were trained. Throws Error naming the file and the field or tensor that is
  /// wrong, or the format that is not known.
  static VisionTransformer Load(const std::string& folder, const std::string& weights = "");

  const io::VitConfig& config() const { return config_; }

  /// images [count, channels, side, side], as ImagePreprocessor makes them -> logits [count,
  /// classes]. The room that a pass takes grows with `count` and is kept for the next.
  void Run(const float* images, int64_t count, float* logits);

 private:
  struct Block {
    Norm before, after;
    Linear query, key, value, out;
    Linear fc1, fc2;
  };
  struct Heads;

  VisionTransformer() = default;
  void Embed(const float* images, int64_t count, float* x);
  void Attend(const Block& block, int64_t count, const float* normed, float* out);
  void Mlp(const Block& block, int64_t rows, const float* normed, float* out);
  void Normalize(const Norm& norm, int64_t rows, const float* x, float* out) const;

  io::VitConfig config_;
  Linear patches_;                  // of rows [channel, y, x]
  std::vector<float> class_token_;  // [hidden]
  std::vector<float> positions_;    // [tokens, hidden]
  std::vector<Block> blocks_;
  Norm final_norm_;
  Linear classifier_;
  std::vector<std::shared_ptr<const void>> storage_;  // what the matrices point into
  kernel::Workspace workspace_;
};

}  // namespace tersor::runtime

#endif  // TERSOR_RUNTIME_VISION_TRANSFORMER_H_
