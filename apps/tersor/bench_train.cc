#include "bench_train.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>

#include "tersor/io/model_config.h"
#include "tersor/model/language_model.h"
#include "tersor/train/adamw.h"
#include "tersor/train/estimate.h"
#include "tersor/train/objective.h"
#include "tersor/util/memory.h"
#include "tersor/util/rng.h"

namespace tersor::cli {
namespace {

constexpr char kRow[] = "train_mfu_110m";
constexpr int64_t kTokens = 512;
constexpr int64_t kGemmSize = 2048;

/// The usual 110M shape: 12 blocks of width 768 under a vocabulary of 32,000 with a tied head.
io::ModelConfig Shape110M() {
  io::ModelConfig config;
  config.vocab_size = 32000;
  config.hidden_size = 768;
  config.intermediate_size = 2048;
  config.num_hidden_layers = 12;
  config.num_attention_heads = config.num_key_value_heads = 12;
  config.head_dim = 64;
  config.max_position_embeddings = kTokens;
  config.tie_word_embeddings = true;
  return config;
}

}  // namespace

void BenchTrain(const BenchOptions& options, Record& record) {
  if (!options.Wants(kRow)) {
    return;
  }
  const io::ModelConfig config = Shape110M();
  const std::unique_ptr<model::LanguageModel> model = model::MakeLanguageModel(config);
  model->InitWeights(record.seed);
  train::LikelihoodObjective objective(*model);
  train::AdamW optimizer(model->Parameters(), {});
  const Rng rng(record.seed, 1);
  at::Tensor tokens = at::empty({1, kTokens + 1}, at::kLong);
  for (int64_t t = 0; t <= kTokens; ++t) {
    tokens.data_ptr<int64_t>()[t] = static_cast<int64_t>(
        rng.Below(static_cast<uint64_t>(t), static_cast<uint64_t>(config.vocab_size)));
  }
  const train::Batch batch{tokens.narrow(1, 0, kTokens), tokens.narrow(1, 1, kTokens)};
  const double flops = train::TrainingFlopsPerToken(config, kTokens) * kTokens;
  const auto step = [&](int64_t index) {  // seconds of one whole step
    const auto began = std::chrono::steady_clock::now();
    const train::Objective::Result result = objective.Loss(batch, rng);
    result.loss.backward();
    const double norm = optimizer.GradientNorm() / result.weight;
    optimizer.Step(index, 1e-4, std::min(1.0, 1 / norm) / result.weight);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  };

  step(0);  // Warms up the allocator and the caches.
  ResetPeakMemory();
  int64_t index = 0;
  const double rate = RunRow({kRow, "GFLOP/s", "SGEMM 2048 cubed, " + LoadedBlas(),
                              [&] { return flops / step(++index) / 1e9; },
                              [] { return train::MeasureSgemm(kGemmSize) / 1e9; }},
                             options, record);
  record.metrics["train_step_peak_memory_gb"] = static_cast<double>(PeakMemory()) / 1e9;
  record.metrics["train_tokens_per_second"] = rate * 1e9 / flops * kTokens;
}

}  // namespace tersor::cli
