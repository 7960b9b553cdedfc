#include "train_step.h"

#include <ATen/ATen.h>

#include <utility>

#include "timed_step.h"

namespace tersor::cli {

io::ModelConfig Shape110M() {
  io::ModelConfig config;
  config.vocab_size = 32000;
  config.hidden_size = 768;
  config.intermediate_size = 2048;
  config.num_hidden_layers = 12;
  config.num_attention_heads = config.num_key_value_heads = 12;
  config.head_dim = 64;
  config.max_position_embeddings = TrainStep::kTokens;
  config.tie_word_embeddings = true;
  return config;
}

TrainStep::TrainStep(std::unique_ptr<precision::Precision> precision, uint64_t seed)
    : precision_(std::move(precision)),
      model_(model::MakeLanguageModel(Shape110M(), precision_->plugs)),
      objective_(*model_),
      optimizer_(model_->Parameters(), {}),
      rng_(seed, 1) {
  model_->InitWeights(seed);
  task_.objective = &objective_;
  precision_->Join(task_, {});
  at::Tensor tokens = at::empty({1, kTokens + 1}, at::kLong);
  for (int64_t t = 0; t <= kTokens; ++t) {
    tokens.data_ptr<int64_t>()[t] = static_cast<int64_t>(
        rng_.Below(static_cast<uint64_t>(t), static_cast<uint64_t>(model_->config().vocab_size)));
  }
  batch_ = {tokens.narrow(1, 0, kTokens), tokens.narrow(1, 1, kTokens)};
}

double TrainStep::Run(const std::function<void()>& between) {
  return TimedStep(task_, batch_, rng_, optimizer_, steps_++, between);
}

}  // namespace tersor::cli
