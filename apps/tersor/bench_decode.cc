#include "bench_decode.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <vector>

#include "tersor/io/rope_frequencies.h"
#include "tersor/kernel/attend.h"
#include "tersor/kernel/read_rate.h"
#include "tersor/runtime/transformer.h"
#include "tersor/train/estimate.h"
#include "tersor/util/rng.h"

namespace tersor::cli {
namespace {

constexpr int64_t kContext = 256;
constexpr int64_t kPromptTokens = 512;
constexpr int64_t kReadBytes = int64_t{512} << 20;
constexpr int64_t kGemmSize = 2048;

double Seconds(const std::function<void()>& run) {
  const auto began = std::chrono::steady_clock::now();
  run();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

/// The usual 110M and 1.1B shapes.
io::ModelConfig Shape(bool large) {
  io::ModelConfig c;
  c.vocab_size = 32000;
  c.hidden_size = large ? 2048 : 768;
  c.intermediate_size = large ? 5632 : 2048;
  c.num_hidden_layers = large ? 22 : 12;
  c.num_attention_heads = large ? 32 : 12;
  c.num_key_value_heads = large ? 4 : 12;
  c.head_dim = 64;
  c.max_position_embeddings = 2048;
  return c;
}

/// Random weights: a few thousand different numbers, since their rate does not depend on them.
class RandomWeights {
 public:
  RandomWeights(const io::ModelConfig& c, const runtime::WeightFormat& format) : format_(format) {
    const Rng rng(1, 2);
    for (size_t i = 0; i < kNoise; ++i) {
      noise_.push_back(static_cast<float>(0.02 * rng.Normal(i)));
    }
    weights_.config = c;
    weights_.rope_frequencies = io::RopeFrequencies(c.head_dim, c.rope_theta, c.rope_scaling);
    weights_.embedding = Matrix(c.vocab_size, c.hidden_size);
    weights_.head = Matrix(c.vocab_size, c.hidden_size);
    weights_.final_norm.weight.assign(static_cast<size_t>(c.hidden_size), 1.0f);
    for (int64_t i = 0; i < c.num_hidden_layers; ++i) {
      runtime::Layer layer;
      layer.attention_norm = layer.mlp_norm = weights_.final_norm;
      layer.query = Matrix(c.num_attention_heads * c.head_dim, c.hidden_size);
      layer.key = Matrix(c.num_key_value_heads * c.head_dim, c.hidden_size);
      layer.value = Matrix(c.num_key_value_heads * c.head_dim, c.hidden_size);
      layer.out = Matrix(c.hidden_size, c.num_attention_heads * c.head_dim);
      layer.gate = Matrix(c.intermediate_size, c.hidden_size);
      layer.up = Matrix(c.intermediate_size, c.hidden_size);
      layer.down = Matrix(c.hidden_size, c.intermediate_size);
      weights_.layers.push_back(std::move(layer));
    }
  }

  runtime::Weights Take() { return std::move(weights_); }

 private:
  static constexpr size_t kNoise = 8192;

  runtime::Linear Matrix(int64_t rows, int64_t cols) {
    runtime::Linear linear;
    linear.format = &format_;
    const std::vector<std::byte> row =
        format_.Pack(std::span(noise_).first(static_cast<size_t>(cols)), 1, cols);
    const auto packed =
        std::make_shared<std::vector<std::byte>>(static_cast<size_t>(rows) * row.size());
    for (auto to = packed->begin(); to != packed->end();) {
      to = std::copy(row.begin(), row.end(), to);
    }
    linear.matrix = {rows, cols, *packed};
    weights_.storage.push_back(packed);
    return linear;
  }

  const runtime::WeightFormat& format_;
  std::vector<float> noise_;
  runtime::Weights weights_;
};

/// Best rate, in GB/s, of reading a buffer far larger than the caches.
class ReadRate {
 public:
  ReadRate() : buffer_(static_cast<size_t>(kReadBytes)) {}
  double operator()() {
    double best = 0;
    for (const int64_t streams : {1, 2, 4}) {
      const double seconds = Seconds([&] { checksum_ = kernel::ReadAll(buffer_, streams); });
      best = std::max(best, static_cast<double>(kReadBytes) / seconds / 1e9);
    }
    return best;
  }

 private:
  std::vector<std::byte> buffer_;
  volatile uint64_t checksum_ = 0;
};

std::string ModelName(const char* format, bool large) {
  return std::string(format) + (large ? "_1b" : "_110m");
}

class ModelBench {
 public:
  ModelBench(bool large, const char* format)
      : name_(ModelName(format, large)),
        transformer_(RandomWeights(Shape(large), *runtime::FindFormat(format)).Take()),
        cache_(transformer_.config(), 1024, kernel::FloatType::kBF16),
        tokens_(kPromptTokens, 1),
        logits_(static_cast<size_t>(transformer_.config().vocab_size)) {
    Fill(kContext);
  }

  void Decode(ReadRate& peer, const BenchOptions& options, Record& record) {
    const auto& config = transformer_.config();
    const double bytes = static_cast<double>(
        transformer_.weights().BytesPerToken() +
        runtime::KvCache::Bytes(config, kContext + 1, kernel::FloatType::kBF16));
    // About a quarter of a second a turn.
    const int64_t steps = std::max<int64_t>(2, static_cast<int64_t>(8e9 / bytes));
    const auto ours = [&] {
      const double seconds = Seconds([&] {
        for (int64_t i = 0; i < steps; ++i) {
          cache_.Truncate(kContext);
          Run(1);
        }
      });
      return bytes * static_cast<double>(steps) / seconds / 1e9;
    };
    ours();
    const double rate = RunRow(
        {"decode_" + name_, "GB/s", "read, best of 1 to 4 streams a thread", ours, std::ref(peer)},
        options, record);
    record.metrics["decode_" + name_ + "_tokens_per_second"] = rate * 1e9 / bytes;
  }

  void Prefill(const BenchOptions& options, Record& record) {
    const io::ModelConfig& c = transformer_.config();
    // The head works for the last token only; scores and mixed values are half used.
    const auto head = static_cast<double>(c.vocab_size * c.hidden_size);
    const double matrices =
        static_cast<double>(train::CountComputeParameters(c)) - head;  // and small vectors
    const double attention = 2.0 * static_cast<double>(c.num_hidden_layers * kPromptTokens *
                                                       c.num_attention_heads * c.head_dim);
    const double flops = (2 * matrices + attention) * kPromptTokens + 2 * head;
    const auto ours = [&] {
      cache_.Truncate(0);
      return flops / Seconds([&] { Run(kPromptTokens); }) / 1e9;
    };
    ours();
    const double rate = RunRow({"prefill_" + name_, "GFLOP/s", "SGEMM 2048 cubed, " + LoadedBlas(),
                                ours, [] { return train::MeasureSgemm(kGemmSize) / 1e9; }},
                               options, record);
    record.metrics["prefill_" + name_ + "_tokens_per_second"] = rate * 1e9 / flops * kPromptTokens;
  }

 private:
  void Run(int64_t tokens) {
    runtime::Segment segment{&cache_, std::span(tokens_).first(static_cast<size_t>(tokens))};
    segment.last_logits = logits_.data();
    transformer_.Run({&segment, 1});
  }
  void Fill(int64_t tokens) {
    cache_.Truncate(0);
    Run(tokens);
  }

  std::string name_;
  runtime::Transformer transformer_;
  runtime::KvCache cache_;
  std::vector<int32_t> tokens_;
  std::vector<float> logits_;
};

/// Attention of one new token over 16,384 positions, four query heads a key-value head of size 64.
void DecodeAttention(ReadRate& peer, const BenchOptions& options, Record& record) {
  io::ModelConfig c;
  c.num_hidden_layers = 8;  // layers in turn, so that the caches cannot hold them
  c.num_attention_heads = 32;
  c.num_key_value_heads = 8;
  c.head_dim = 64;
  constexpr int64_t kPositions = 16384;
  runtime::KvCache cache(c, kPositions, kernel::FloatType::kBF16);
  const std::vector<float> keys(static_cast<size_t>(kPositions * 8 * 64), 0.5f);
  for (int64_t layer = 0; layer < c.num_hidden_layers; ++layer) {
    cache.Store(layer, kPositions, keys.data(), keys.data());
  }
  std::vector<float> query(32 * 64, 0.1f), out(32 * 64);
  kernel::Workspace workspace;
  const double bytes =
      static_cast<double>(runtime::KvCache::Bytes(c, kPositions, kernel::FloatType::kBF16));
  const auto ours = [&] {
    const double seconds = Seconds([&] {
      for (int64_t layer = 0; layer < c.num_hidden_layers; ++layer) {
        kernel::AttendInput in;
        in.type = cache.type();
        in.head_dim = c.head_dim;
        in.heads = c.num_attention_heads;
        in.kv_heads = c.num_key_value_heads;
        in.keys = cache.keys(layer);
        in.values = cache.values(layer);
        in.key_stride = cache.key_stride();
        in.value_stride = cache.value_stride();
        in.first = kPositions - 1;
        in.tokens = 1;
        in.scale = 0.125f;
        in.query = query.data();
        in.out = out.data();
        in.query_stride = in.out_stride = 32 * 64;
        kernel::Attend({&in, 1}, workspace);
      }
    });
    return bytes / seconds / 1e9;
  };
  ours();
  RunRow({"decode_gqa_16k", "GB/s", "read, best of 1 to 4 streams a thread", ours, std::ref(peer)},
         options, record);
}

}  // namespace

void BenchDecode(const BenchOptions& options, Record& record) {
  ReadRate peer;
  for (const char* format : {"bf16", "int8"}) {
    for (const bool large : {false, true}) {
      const std::string name = ModelName(format, large);
      const bool decode = options.Wants("decode_" + name);
      const bool prefill = large && options.Wants("prefill_" + name);
      if (!decode && !prefill) {
        continue;
      }
      ModelBench model(large, format);
      if (decode) {
        model.Decode(peer, options, record);
      }
      if (prefill) {
        model.Prefill(options, record);
      }
    }
  }
  if (options.Wants("decode_gqa_16k")) {
    DecodeAttention(peer, options, record);
  }
}

}  // namespace tersor::cli
