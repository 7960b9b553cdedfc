#include "tersor/runtime/weights.h"

#include "tersor/io/rope_frequencies.h"

namespace tersor::runtime {
namespace {

/// OPT keeps two unused rows before position 0.
constexpr int64_t kOptPositionOffset = 2;

class Loader {
 public:
  Loader(const std::shared_ptr<const ModelSource>& source, const std::string& format)
      : linears_(source, format) {
    weights_.config = source->config();
    weights_.rope_pairs = source->rope_pairs();
  }

  Weights Load() {
    const io::ModelConfig& c = weights_.config;
    if (c.architecture == io::Architecture::kOpt) {
      LoadOpt(c);
    } else {
      LoadLlama(c);
    }
    weights_.storage = linears_.TakeStorage();
    return std::move(weights_);
  }

 private:
  void LoadLlama(const io::ModelConfig& c) {
    weights_.rope_frequencies = io::RopeFrequencies(c.head_dim, c.rope_theta, c.rope_scaling);
    // A tied embedding is read as the head with every token, so it is packed as heads are.
    weights_.embedding = Matrix("model.embed_tokens", false, c.tie_word_embeddings);
    weights_.head = c.tie_word_embeddings ? weights_.embedding : Matrix("lm_head", false);
    weights_.final_norm = {Vector("model.norm.weight"), {}};
    for (int64_t i = 0; i < c.num_hidden_layers; ++i) {
      const std::string name = "model.layers." + std::to_string(i) + ".";
      Layer layer;
      layer.attention_norm = {Vector(name + "input_layernorm.weight"), {}};
      layer.mlp_norm = {Vector(name + "post_attention_layernorm.weight"), {}};
      layer.query = Matrix(name + "self_attn.q_proj", c.attention_bias);
      layer.key = Matrix(name + "self_attn.k_proj", c.attention_bias);
      layer.value = Matrix(name + "self_attn.v_proj", c.attention_bias);
      layer.out = Matrix(name + "self_attn.o_proj", c.attention_out_bias);
      layer.gate = Matrix(name + "mlp.gate_proj", c.mlp_bias);
      layer.up = Matrix(name + "mlp.up_proj", c.mlp_bias);
      layer.down = Matrix(name + "mlp.down_proj", c.mlp_bias);
      // Qwen2 lets its first layers see everything.
      const bool whole = c.architecture == io::Architecture::kQwen2 && i < c.max_window_layers;
      layer.window = whole ? 0 : c.sliding_window.value_or(0);
      weights_.layers.push_back(std::move(layer));
    }
  }

  void LoadOpt(const io::ModelConfig& c) {
    const std::string decoder = "model.decoder.";
    weights_.embedding = Matrix(decoder + "embed_tokens", false);
    weights_.head = weights_.embedding;
    weights_.positions = Matrix(decoder + "embed_positions", false, false);
    PackedMatrix& positions = weights_.positions.matrix;
    // As stored, in a format of equal rows.
    const size_t row = positions.bytes.size() / static_cast<size_t>(positions.rows);
    positions.bytes = positions.bytes.subspan(kOptPositionOffset * row);
    positions.rows -= kOptPositionOffset;
    if (c.word_embed_proj_dim != c.hidden_size) {
      weights_.project_in = Matrix(decoder + "project_in", false);
      weights_.project_out = Matrix(decoder + "project_out", false);
    }
    weights_.has_final_norm = c.do_layer_norm_before && !c.remove_final_layer_norm;
    if (weights_.has_final_norm) {
      weights_.final_norm = LayerNorm(decoder + "final_layer_norm", c);
    }
    for (int64_t i = 0; i < c.num_hidden_layers; ++i) {
      const std::string name = decoder + "layers." + std::to_string(i) + ".";
      Layer layer;
      layer.attention_norm = LayerNorm(name + "self_attn_layer_norm", c);
      layer.mlp_norm = LayerNorm(name + "final_layer_norm", c);
      layer.query = Matrix(name + "self_attn.q_proj", c.enable_bias);
      layer.key = Matrix(name + "self_attn.k_proj", c.enable_bias);
      layer.value = Matrix(name + "self_attn.v_proj", c.enable_bias);
      layer.out = Matrix(name + "self_attn.out_proj", c.enable_bias);
      layer.up = Matrix(name + "fc1", c.enable_bias);
      layer.down = Matrix(name + "fc2", c.enable_bias);
      weights_.layers.push_back(std::move(layer));
    }
  }

  Norm LayerNorm(const std::string& name, const io::ModelConfig& c) const {
    if (!c.layer_norm_elementwise_affine) {
      return {};
    }
    return {Vector(name + ".weight"),
            c.enable_bias ? Vector(name + ".bias") : std::vector<float>()};
  }

  std::vector<float> Vector(const std::string& name) const { return linears_.Vector(name); }

  Linear Matrix(const std::string& name, bool bias, bool pack = true) {
    return linears_.Load(name, bias, pack);
  }

  LinearLoader linears_;
  Weights weights_;
};

}  // namespace

int64_t Weights::BytesPerToken() const {
  int64_t bytes = head.bytes() + project_in.bytes() + project_out.bytes();
  for (const Layer& layer : layers) {
    for (const Linear* linear : {&layer.query, &layer.key, &layer.value, &layer.out, &layer.gate,
                                 &layer.up, &layer.down}) {
      bytes += linear->bytes();
    }
    for (const Norm* norm : {&layer.attention_norm, &layer.mlp_norm}) {
      bytes += (std::ssize(norm->weight) + std::ssize(norm->bias)) * 4;
    }
  }
  return bytes;
}

Weights LoadWeights(const std::shared_ptr<const ModelSource>& source, const std::string& format) {
  return Loader(source, format).Load();
}

}  // namespace tersor::runtime
