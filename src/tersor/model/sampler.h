// Sampler: how a generative model is run to make something new.
#ifndef TERSOR_MODEL_SAMPLER_H_
#define TERSOR_MODEL_SAMPLER_H_

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "tersor/model/language_model.h"
#include "tersor/util/rng.h"

namespace tersor::model {

/// One way of running one model, which it holds a reference to.
class Sampler {
 public:
  virtual ~Sampler() = default;

  /// `condition`: what is asked for, one row a sample (prompt tokens, class labels). Returns the
  /// samples (token ids, pixels). The same `rng` gives the same samples.
  virtual at::Tensor Sample(const at::Tensor& condition, const Rng& rng) = 0;
};

/// Continues prompts token by token, running the whole input each time: the definition that engines
/// with a cache are compared with. Inputs longer than the model's length lose their start.
class TokenSampler : public Sampler {
 public:
  struct Options {
    int64_t new_tokens = 64;
    double temperature = 1;  // 0: always the most likely token
  };
  /// `model` must outlive the sampler. Throws UsageError for negative options.
  TokenSampler(LanguageModel& model, const Options& options);

  /// condition: int64 [batch, tokens], at least one token each -> int64 [batch, new_tokens].
  at::Tensor Sample(const at::Tensor& condition, const Rng& rng) override;

 private:
  LanguageModel& model_;
  Options options_;
};

}  // namespace tersor::model

#endif  // TERSOR_MODEL_SAMPLER_H_
