#include "tersor/runtime/vision_transformer.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "tersor/io/checkpoint.h"
#include "tersor/kernel/attend.h"
#include "tersor/kernel/gelu.h"
#include "tersor/util/parallel_for.h"

namespace tersor::runtime {
namespace {

using kernel::Activations;
using kernel::Workspace;

class VitSource : public MatrixSource {
 public:
  explicit VitSource(const std::string& folder)
      : config_(io::ReadVitConfig(folder)), store_(io::TensorStore::Open(folder)) {
    io::CheckTensors(folder, store_, io::ExpectedTensors(config_),
                     [&](std::string_view name) { return store_.Find(name); });
  }

  const io::VitConfig& config() const { return config_; }

  StoredMatrix Matrix(const std::string& name) const override {
    return AsTrained(config_.quantization, name, MatrixOf(store_.Get(name)));
  }
  std::vector<float> Floats(const std::string& name) const override {
    return store_.Get(name).ToFloats();
  }

 private:
  io::VitConfig config_;
  io::TensorStore store_;
};

void Add(int64_t count, const float* from, float* to) {
  std::transform(from, from + count, to, to, std::plus<>());
}

}  // namespace

VisionTransformer VisionTransformer::Load(const std::string& folder, const std::string& weights) {
  const auto source = std::make_shared<const VitSource>(folder);
  LinearLoader loader(source, weights);
  const auto norm = [&](const std::string& name) {
    return Norm{loader.Vector(name + ".weight"), loader.Vector(name + ".bias")};
  };
  VisionTransformer vit;
  vit.config_ = source->config();
  const std::string embeddings = "vit.embeddings.";
  vit.class_token_ = loader.Vector(embeddings + "cls_token");
  vit.positions_ = loader.Vector(embeddings + "position_embeddings");
  vit.patches_ = loader.Load(embeddings + "patch_embeddings.projection", true);
  for (int64_t layer = 0; layer < vit.config_.num_hidden_layers; ++layer) {
    const std::string name = "vit.encoder.layer." + std::to_string(layer) + ".";
    const std::string attention = name + "attention.attention.";
    Block block;
    block.before = norm(name + "layernorm_before");
    block.after = norm(name + "layernorm_after");
    block.query = loader.Load(attention + "query", vit.config_.qkv_bias);
    block.key = loader.Load(attention + "key", vit.config_.qkv_bias);
    block.value = loader.Load(attention + "value", vit.config_.qkv_bias);
    block.out = loader.Load(name + "attention.output.dense", true);
    block.fc1 = loader.Load(name + "intermediate.dense", true);
    block.fc2 = loader.Load(name + "output.dense", true);
    vit.blocks_.push_back(std::move(block));
  }
  vit.final_norm_ = norm("vit.layernorm");
  vit.classifier_ = loader.Load("classifier", true);
  vit.storage_ = loader.TakeStorage();
  return vit;
}

void VisionTransformer::Normalize(const Norm& norm, int64_t rows, const float* x,
                                  float* out) const {
  NormalizeRows(norm, static_cast<float>(config_.layer_norm_eps), rows, config_.hidden_size, x,
                out);
}

void VisionTransformer::Run(const float* images, int64_t count, float* logits) {
  const Workspace::Scope scope(workspace_);
  const int64_t hidden = config_.hidden_size, tokens = config_.tokens();
  const int64_t rows = count * tokens, size = rows * hidden;
  auto* x = workspace_.Take<float>(size);
  auto* normed = workspace_.Take<float>(size);
  auto* part = workspace_.Take<float>(size);
  Embed(images, count, x);
  for (const Block& block : blocks_) {
    Normalize(block.before, rows, x, normed);
    Attend(block, count, normed, part);
    Add(size, part, x);
    Normalize(block.after, rows, x, normed);
    Mlp(block, rows, normed, part);
    Add(size, part, x);
  }
  // Only the class token is read, and the norm is each token's own.
  for (int64_t i = 0; i < count; ++i) {
    std::copy_n(x + i * tokens * hidden, hidden, part + i * hidden);
  }
  Normalize(final_norm_, count, part, normed);
  classifier_.Forward(Activations(normed, count, hidden, workspace_), logits);
}

void VisionTransformer::Embed(const float* images, int64_t count, float* x) {
  const Workspace::Scope scope(workspace_);
  const int64_t channels = config_.num_channels, side = config_.image_size;
  const int64_t p = config_.patch_size, across = side / p, patches = config_.patches();
  const int64_t values = config_.patch_values(), hidden = config_.hidden_size;
  // The convolution's windows do not overlap, so it is a product with the patches as rows.
  auto* rows = workspace_.Take<float>(count * patches * values);
  auto* embedded = workspace_.Take<float>(count * patches * hidden);
  ParallelFor(0, count * patches, 16, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) {
      const int64_t patch = i % patches;
      const float* corner = images + i / patches * channels * side * side +
                            patch / across * p * side + patch % across * p;
      float* row = rows + i * values;
      for (int64_t line = 0; line < channels * p; ++line) {
        std::copy_n(corner + line / p * side * side + line % p * side, p, row + line * p);
      }
    }
  });
  patches_.Forward(Activations(rows, count * patches, values, workspace_), embedded);
  const int64_t tokens = config_.tokens();
  for (int64_t i = 0; i < count; ++i) {
    float* to = x + i * tokens * hidden;
    std::copy(class_token_.begin(), class_token_.end(), to);
    std::copy_n(embedded + i * patches * hidden, patches * hidden, to + hidden);
    Add(tokens * hidden, positions_.data(), to);
  }
}

/// Keys and values of a batch as the attention kernel wants them, one image's heads after another.
struct VisionTransformer::Heads {
  Heads(const io::VitConfig& config, int64_t count, Workspace& workspace)
      : heads(config.num_attention_heads), dim(config.head_dim()), tokens(config.tokens()) {
    const int64_t block = kernel::kKeyPanel, capacity = (tokens + block - 1) / block * block;
    key_size = kernel::KeyElements(dim, capacity);
    value_size = kernel::ValueElements(dim, capacity);
    keys = workspace.Take<float>(count * heads * key_size);
    values = workspace.Take<float>(count * heads * value_size);
  }

  std::byte* keys_of(int64_t image, int64_t head) const {
    return reinterpret_cast<std::byte*>(keys + (image * heads + head) * key_size);
  }
  std::byte* values_of(int64_t image, int64_t head) const {
    return reinterpret_cast<std::byte*>(values + (image * heads + head) * value_size);
  }

  /// key, value [tokens, heads · dim] of one image.
  void Store(int64_t image, const float* key, const float* value) const {
    for (int64_t t = 0; t < tokens; ++t) {
      for (int64_t h = 0; h < heads; ++h) {
        const int64_t at = (t * heads + h) * dim;
        kernel::StoreKeyValue(kernel::FloatType::kF32, dim, key + at, value + at, t,
                              keys_of(image, h), values_of(image, h));
      }
    }
  }

  kernel::AttendInput Input(int64_t image, const float* query, float* out) const {
    kernel::AttendInput input;
    input.head_dim = dim;
    input.heads = input.kv_heads = heads;
    input.keys = keys_of(image, 0);
    input.values = values_of(image, 0);
    input.key_stride = key_size * static_cast<int64_t>(sizeof(float));
    input.value_stride = value_size * static_cast<int64_t>(sizeof(float));
    input.tokens = tokens;
    input.causal = false;
    input.scale = 1 / std::sqrt(static_cast<float>(dim));
    input.query = query;
    input.out = out;
    input.query_stride = input.out_stride = heads * dim;
    return input;
  }

  int64_t heads, dim, tokens, key_size, value_size;
  float *keys, *values;
};

void VisionTransformer::Attend(const Block& block, int64_t count, const float* normed, float* out) {
  const Workspace::Scope scope(workspace_);
  const int64_t hidden = config_.hidden_size, rows = count * config_.tokens();
  auto* query = workspace_.Take<float>(rows * hidden);
  auto* key = workspace_.Take<float>(rows * hidden);
  auto* value = workspace_.Take<float>(rows * hidden);
  auto* mixed = workspace_.Take<float>(rows * hidden);
  auto* inputs = workspace_.Take<kernel::AttendInput>(count);
  const Activations in(normed, rows, hidden, workspace_);
  block.query.Forward(in, query);
  block.key.Forward(in, key);
  block.value.Forward(in, value);
  const Heads heads(config_, count, workspace_);
  ParallelFor(0, count, 1, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) {
      const int64_t at = i * config_.tokens() * hidden;
      heads.Store(i, key + at, value + at);
      inputs[i] = heads.Input(i, query + at, mixed + at);
    }
  });
  kernel::Attend({inputs, static_cast<size_t>(count)}, workspace_);
  block.out.Forward(Activations(mixed, rows, hidden, workspace_), out);
}

void VisionTransformer::Mlp(const Block& block, int64_t rows, const float* normed, float* out) {
  const Workspace::Scope scope(workspace_);
  const int64_t inner = config_.intermediate_size;
  auto* up = workspace_.Take<float>(rows * inner);
  block.fc1.Forward(Activations(normed, rows, config_.hidden_size, workspace_), up);
  kernel::Gelu(rows * inner, up, up);
  block.fc2.Forward(Activations(up, rows, inner, workspace_), out);
}

}  // namespace tersor::runtime
