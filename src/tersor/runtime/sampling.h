// How the next token is drawn from a model's logits.
#ifndef TERSOR_RUNTIME_SAMPLING_H_
#define TERSOR_RUNTIME_SAMPLING_H_

#include <cstdint>
#include <span>
#include <vector>

#include "tersor/util/rng.h"

namespace tersor::runtime {

/// Filters apply in this order: repetition penalty, temperature, top-k, top-p, min-p.
struct SamplingOptions {
  double temperature = 0.8;       // 0: always the most likely token
  int64_t top_k = 40;             // keep the k most likely; 0: all
  double top_p = 0.95;            // keep the fewest most likely that reach this probability; 1: all
  double min_p = 0;               // keep those at least this fraction as likely as the best; 0: all
  double repetition_penalty = 1;  // divides the positive logits of tokens seen, multiplies the
                                  // negative ones (Keskar et al. 2019, arXiv:1909.05858); 1: none
  int64_t repetition_window = 64;  // the last tokens that count as seen
  uint64_t seed = 0;

  /// Throws UsageError naming the field and what is allowed.
  void Validate() const;
};

/// Draws tokens of one sequence: draw `i` of a seed is the same whatever else runs.
class TokenSampler {
 public:
  explicit TokenSampler(const SamplingOptions& options);

  /// The next token. logits [vocab] are overwritten; `seen`: prompt and text so far. Throws Error
  /// where no logit is finite or one is NaN.
  int32_t Draw(std::span<float> logits, std::span<const int32_t> seen);

 private:
  int32_t DrawFrom(std::span<float> logits);

  SamplingOptions options_;
  Rng rng_;
  uint64_t draws_ = 0;
  std::vector<int32_t> order_;  // scratch: candidates, most likely first
  std::vector<double> probability_;
  std::vector<bool> penalized_;
};

}  // namespace tersor::runtime

#endif  // TERSOR_RUNTIME_SAMPLING_H_
