#include "tersor/runtime/transformer.h"

#include <algorithm>
#include <cmath>

#include "tersor/kernel/attend.h"
#include "tersor/kernel/gelu.h"
#include "tersor/kernel/rms_norm.h"
#include "tersor/kernel/swiglu.h"
#include "tersor/util/error.h"
#include "tersor/util/parallel_for.h"

namespace tersor::runtime {
namespace {

constexpr float kLayerNormEps = 1e-5f;  // every OPT

using kernel::Activations;
using kernel::Workspace;

void Add(int64_t count, const float* __restrict from, float* __restrict to) {
  for (int64_t i = 0; i < count; ++i) {
    to[i] += from[i];
  }
}

void Relu(int64_t count, float* x) {
  for (int64_t i = 0; i < count; ++i) {
    x[i] = std::max(x[i], 0.0f);
  }
}

}  // namespace

/// The tokens of a pass in one list of rows, segment after segment.
struct Transformer::Pass {
  std::span<const Segment> segments;
  int64_t rows = 0;
  int64_t* positions = nullptr;              // of each row
  kernel::AttendInput* attention = nullptr;  // of each segment; filled in at each layer
};

Transformer::Transformer(Weights weights) : weights_(std::move(weights)) {}

void Transformer::Check(std::span<const Segment> segments) const {
  for (const Segment& segment : segments) {
    const int64_t end = segment.cache->length() + std::ssize(segment.tokens);
    TERSOR_CHECK(end <= segment.cache->capacity(), "a sequence of ", end,
                 " tokens is longer than its context of ", segment.cache->capacity());
    for (const int32_t token : segment.tokens) {
      TERSOR_CHECK(token >= 0 && token < config().vocab_size, "token ", token,
                   " is outside the model's vocabulary of ", config().vocab_size);
    }
  }
}

Transformer::Pass Transformer::Plan(std::span<const Segment> segments) {
  Pass pass{segments};
  int64_t longest = 0;
  for (const Segment& segment : segments) {
    pass.rows += std::ssize(segment.tokens);
    longest = std::max(longest, segment.cache->length() + std::ssize(segment.tokens));
  }
  pass.positions = workspace_.Take<int64_t>(pass.rows);
  pass.attention = workspace_.Take<kernel::AttendInput>(std::ssize(segments));
  int64_t row = 0;
  for (const Segment& segment : segments) {
    for (int64_t t = 0; t < std::ssize(segment.tokens); ++t) {
      pass.positions[row++] = segment.cache->length() + t;
    }
  }
  const int64_t pairs = std::ssize(weights_.rope_frequencies);
  for (int64_t p = pairs > 0 ? std::ssize(cosines_) / pairs : longest; p < longest; ++p) {
    for (const double frequency : weights_.rope_frequencies) {
      // Angles in double: float32 loses digits at positions in the thousands.
      const double angle = frequency * static_cast<double>(p);
      cosines_.push_back(static_cast<float>(std::cos(angle)));
      sines_.push_back(static_cast<float>(std::sin(angle)));
    }
  }
  return pass;
}

void Transformer::Run(std::span<const Segment> segments) {
  Check(segments);
  const Workspace::Scope scope(workspace_);
  const Pass pass = Plan(segments);
  const int64_t hidden = config().hidden_size, size = pass.rows * hidden;
  auto* x = workspace_.Take<float>(size);
  auto* normed = workspace_.Take<float>(size);
  auto* part = workspace_.Take<float>(size);
  Embed(pass, x);
  // Norm before each part, or (OPT-350M) after its residual sum.
  const bool before =
      config().architecture != io::Architecture::kOpt || config().do_layer_norm_before;
  for (int64_t i = 0; i < std::ssize(weights_.layers); ++i) {
    const Layer& layer = weights_.layers[static_cast<size_t>(i)];
    if (before) {
      Normalize(layer.attention_norm, pass.rows, x, normed);
    }
    Attend(pass, layer, i, before ? normed : x, part);
    Add(size, part, x);
    if (before) {
      Normalize(layer.mlp_norm, pass.rows, x, normed);
    } else {
      Normalize(layer.attention_norm, pass.rows, x, x);
    }
    Mlp(pass, layer, before ? normed : x, part);
    Add(size, part, x);
    if (!before) {
      Normalize(layer.mlp_norm, pass.rows, x, x);
    }
  }
  Logits(pass, x);
  for (const Segment& segment : segments) {
    segment.cache->Advance(std::ssize(segment.tokens));
  }
}

void Transformer::Embed(const Pass& pass, float* x) {
  const Workspace::Scope scope(workspace_);
  const Linear& embedding = weights_.embedding;
  const int64_t width = embedding.matrix.cols, hidden = config().hidden_size;
  const bool narrow = weights_.project_in.format != nullptr;
  float* rows = narrow ? workspace_.Take<float>(pass.rows * width) : x;
  int64_t row = 0;
  for (const Segment& segment : pass.segments) {
    for (const int32_t token : segment.tokens) {
      embedding.format->Decode(embedding.matrix, token, 0, width, rows + row++ * width);
    }
  }
  if (narrow) {
    weights_.project_in.Forward(Activations(rows, pass.rows, width, workspace_), x);
  }
  if (weights_.positions.format == nullptr) {
    return;
  }
  auto* position = workspace_.Take<float>(hidden);
  for (int64_t r = 0; r < pass.rows; ++r) {
    weights_.positions.format->Decode(weights_.positions.matrix, pass.positions[r], 0, hidden,
                                      position);
    Add(hidden, position, x + r * hidden);
  }
}

void Transformer::Normalize(const Norm& norm, int64_t rows, const float* x, float* out) const {
  const int64_t hidden = config().hidden_size;
  if (config().architecture == io::Architecture::kOpt) {
    NormalizeRows(norm, kLayerNormEps, rows, hidden, x, out);
    return;
  }
  kernel::RmsNorm(rows, hidden, x, norm.weight.data(), static_cast<float>(config().rms_norm_eps),
                  out, nullptr);
}

void Transformer::ApplyRope(const Pass& pass, int64_t heads, float* x) const {
  const int64_t dim = config().head_dim, half = dim / 2;
  ParallelFor(0, pass.rows, 16, [&](int64_t first, int64_t last) {
    for (int64_t r = first; r < last; ++r) {
      const int64_t at = pass.positions[r] * half;
      kernel::Rope(weights_.rope_pairs, heads, dim, cosines_.data() + at, sines_.data() + at,
                   x + r * heads * dim);
    }
  });
}

void Transformer::Attend(const Pass& pass, const Layer& layer, int64_t index, const float* normed,
                         float* out) {
  const Workspace::Scope scope(workspace_);
  const io::ModelConfig& c = config();
  const int64_t query_size = c.num_attention_heads * c.head_dim;
  const int64_t key_size = c.num_key_value_heads * c.head_dim;
  auto* query = workspace_.Take<float>(pass.rows * query_size);
  auto* key = workspace_.Take<float>(pass.rows * key_size);
  auto* value = workspace_.Take<float>(pass.rows * key_size);
  auto* mixed = workspace_.Take<float>(pass.rows * query_size);
  const Activations in(normed, pass.rows, c.hidden_size, workspace_);
  layer.query.Forward(in, query);
  layer.key.Forward(in, key);
  layer.value.Forward(in, value);
  if (!weights_.rope_frequencies.empty()) {
    ApplyRope(pass, c.num_attention_heads, query);
    ApplyRope(pass, c.num_key_value_heads, key);
  }
  int64_t row = 0;
  kernel::AttendInput* input = pass.attention;
  for (const Segment& segment : pass.segments) {
    KvCache& cache = *segment.cache;
    const int64_t tokens = std::ssize(segment.tokens);
    cache.Store(index, tokens, key + row * key_size, value + row * key_size);
    kernel::AttendInput& in_cache = *input++ = {};
    in_cache.type = cache.type();
    in_cache.head_dim = c.head_dim;
    in_cache.heads = c.num_attention_heads;
    in_cache.kv_heads = c.num_key_value_heads;
    in_cache.keys = cache.keys(index);
    in_cache.values = cache.values(index);
    in_cache.key_stride = cache.key_stride();
    in_cache.value_stride = cache.value_stride();
    in_cache.first = cache.length();
    in_cache.tokens = tokens;
    in_cache.window = layer.window;
    in_cache.scale = 1 / std::sqrt(static_cast<float>(c.head_dim));
    in_cache.query = query + row * query_size;
    in_cache.out = mixed + row * query_size;
    in_cache.query_stride = in_cache.out_stride = query_size;
    row += tokens;
  }
  if (sparse_) {
    plans_.resize(pass.segments.size());
    for (size_t s = 0; s < pass.segments.size(); ++s) {
      sparse_->Plan(index, *pass.segments[s].cache, pass.attention[s], plans_[s]);
    }
  }
  kernel::Attend({pass.attention, pass.segments.size()}, workspace_);
  layer.out.Forward(Activations(mixed, pass.rows, query_size, workspace_), out);
}

void Transformer::Mlp(const Pass& pass, const Layer& layer, const float* normed, float* out) {
  const Workspace::Scope scope(workspace_);
  const io::ModelConfig& c = config();
  const int64_t size = pass.rows * c.intermediate_size;
  auto* up = workspace_.Take<float>(size);
  const Activations in(normed, pass.rows, c.hidden_size, workspace_);
  layer.up.Forward(in, up);
  if (layer.gate.format != nullptr) {
    auto* gate = workspace_.Take<float>(size);
    layer.gate.Forward(in, gate);
    kernel::SwiGlu(size, gate, up, gate);
    up = gate;
  } else if (c.activation_function == "gelu") {
    kernel::Gelu(size, up, up);
  } else {
    Relu(size, up);
  }
  layer.down.Forward(Activations(up, pass.rows, c.intermediate_size, workspace_), out);
}

void Transformer::Head(const float* x, int64_t rows, float* logits) {
  const Workspace::Scope scope(workspace_);
  int64_t width = config().hidden_size;
  if (weights_.has_final_norm) {
    auto* normed = workspace_.Take<float>(rows * width);
    Normalize(weights_.final_norm, rows, x, normed);
    x = normed;
  }
  if (weights_.project_out.format != nullptr) {
    auto* narrow = workspace_.Take<float>(rows * weights_.project_out.matrix.rows);
    weights_.project_out.Forward(Activations(x, rows, width, workspace_), narrow);
    x = narrow;
    width = weights_.project_out.matrix.rows;
  }
  weights_.head.Forward(Activations(x, rows, width, workspace_), logits);
}

void Transformer::Logits(const Pass& pass, const float* x) {
  const Workspace::Scope scope(workspace_);
  const int64_t hidden = config().hidden_size, vocab = config().vocab_size;
  // The last tokens of all sequences are multiplied together, so that the head is read once.
  auto* last = workspace_.Take<float>(std::ssize(pass.segments) * hidden);
  int64_t row = 0, count = 0;
  for (const Segment& segment : pass.segments) {
    const int64_t tokens = std::ssize(segment.tokens);
    if (segment.all_logits != nullptr) {
      Head(x + row * hidden, tokens, segment.all_logits);
    } else if (segment.last_logits != nullptr) {
      std::copy_n(x + (row + tokens - 1) * hidden, hidden, last + count++ * hidden);
    }
    row += tokens;
  }
  if (count == 0) {
    return;
  }
  auto* logits = workspace_.Take<float>(count * vocab);
  Head(last, count, logits);
  for (const Segment& segment : pass.segments) {
    if (segment.all_logits == nullptr && segment.last_logits != nullptr) {
      std::copy_n(logits, vocab, segment.last_logits);
      logits += vocab;
    }
  }
}

}  // namespace tersor::runtime
