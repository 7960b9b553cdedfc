// The forward pass of a decoder over cached keys and values: LLaMA's family and OPT.
#ifndef TERSOR_RUNTIME_TRANSFORMER_H_
#define TERSOR_RUNTIME_TRANSFORMER_H_

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "tersor/kernel/workspace.h"
#include "tersor/runtime/kv_cache.h"
#include "tersor/runtime/sparse_attention.h"
#include "tersor/runtime/weights.h"

namespace tersor::runtime {

/// New tokens of one sequence.
struct Segment {
  KvCache* cache = nullptr;         // what came before; takes the new tokens in
  std::span<const int32_t> tokens;  // at least one
  float* last_logits = nullptr;     // [vocab] of the last token
  float* all_logits = nullptr;      // [tokens, vocab]; instead of last_logits
};

/// Not thread-safe: one pass at a time.
class Transformer {
 public:
  explicit Transformer(Weights weights);

  /// From now on blocks that do not matter are skipped, and prompts attend in INT8, as the settings
  /// say; they fit the model.
  void SetAttention(const io::AttentionSettings& settings) { sparse_.emplace(settings); }

  const Weights& weights() const { return weights_; }
  const io::ModelConfig& config() const { return weights_.config; }

  /// Runs the segments of different sequences together. The room that a pass takes grows with
  /// their tokens and is kept for the next. Throws Error: a token outside the vocabulary, more
  /// tokens than a cache has room for.
  void Run(std::span<const Segment> segments);

 private:
  struct Pass;
  void Check(std::span<const Segment> segments) const;
  Pass Plan(std::span<const Segment> segments);
  void Embed(const Pass& pass, float* x);
  void Attend(const Pass& pass, const Layer& layer, int64_t index, const float* normed, float* out);
  void Mlp(const Pass& pass, const Layer& layer, const float* normed, float* out);
  void Normalize(const Norm& norm, int64_t rows, const float* x, float* out) const;
  void Head(const float* x, int64_t rows, float* logits);
  void Logits(const Pass& pass, const float* x);
  void ApplyRope(const Pass& pass, int64_t heads, float* x) const;

  Weights weights_;
  kernel::Workspace workspace_;
  std::vector<float> cosines_, sines_;  // [positions, head_dim / 2]
  std::optional<SparseAttention> sparse_;
  std::vector<AttendPlan> plans_;  // of a pass's segments at one layer
};

}  // namespace tersor::runtime

#endif  // TERSOR_RUNTIME_TRANSFORMER_H_
