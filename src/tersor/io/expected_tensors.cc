// The names that Hugging Face's checkpoints give to a model's weights, with their shapes.
#include "tersor/io/model_config.h"

namespace tersor::io {
namespace {

class Names {
 public:
  void Add(std::string name, std::vector<int64_t> shape) {
    list.push_back({std::move(name), std::move(shape)});
  }
  void Linear(const std::string& name, int64_t out, int64_t in, bool bias) {
    Add(name + ".weight", {out, in});
    if (bias) {
      Add(name + ".bias", {out});
    }
  }
  void LayerNorm(const std::string& name, const ModelConfig& c) {
    if (c.layer_norm_elementwise_affine) {
      Add(name + ".weight", {c.hidden_size});
      if (c.enable_bias) {
        Add(name + ".bias", {c.hidden_size});
      }
    }
  }

  std::vector<TensorShape> list;
};

std::vector<TensorShape> OptTensors(const ModelConfig& c) {
  const std::string decoder = "model.decoder.";
  Names names;
  names.Add(decoder + "embed_tokens.weight", {c.vocab_size, c.word_embed_proj_dim});
  names.Add(decoder + "embed_positions.weight", {c.max_position_embeddings + 2, c.hidden_size});
  if (c.word_embed_proj_dim != c.hidden_size) {
    names.Linear(decoder + "project_in", c.hidden_size, c.word_embed_proj_dim, false);
    names.Linear(decoder + "project_out", c.word_embed_proj_dim, c.hidden_size, false);
  }
  for (int64_t layer = 0; layer < c.num_hidden_layers; ++layer) {
    const std::string block = decoder + "layers." + std::to_string(layer) + ".";
    for (const char* part : {"q_proj", "k_proj", "v_proj", "out_proj"}) {
      names.Linear(block + "self_attn." + part, c.hidden_size, c.hidden_size, c.enable_bias);
    }
    names.LayerNorm(block + "self_attn_layer_norm", c);
    names.Linear(block + "fc1", c.intermediate_size, c.hidden_size, c.enable_bias);
    names.Linear(block + "fc2", c.hidden_size, c.intermediate_size, c.enable_bias);
    names.LayerNorm(block + "final_layer_norm", c);
  }
  if (c.do_layer_norm_before && !c.remove_final_layer_norm) {
    names.LayerNorm(decoder + "final_layer_norm", c);
  }
  return names.list;
}

}  // namespace

std::vector<TensorShape> ExpectedTensors(const ModelConfig& c) {
  if (c.architecture == Architecture::kOpt) {
    return OptTensors(c);
  }
  const int64_t queries = c.num_attention_heads * c.head_dim;
  const int64_t keys = c.num_key_value_heads * c.head_dim;
  Names names;
  names.Add("model.embed_tokens.weight", {c.vocab_size, c.hidden_size});
  for (int64_t layer = 0; layer < c.num_hidden_layers; ++layer) {
    const std::string block = "model.layers." + std::to_string(layer) + ".";
    names.Linear(block + "self_attn.q_proj", queries, c.hidden_size, c.attention_bias);
    names.Linear(block + "self_attn.k_proj", keys, c.hidden_size, c.attention_bias);
    names.Linear(block + "self_attn.v_proj", keys, c.hidden_size, c.attention_bias);
    names.Linear(block + "self_attn.o_proj", c.hidden_size, queries, c.attention_out_bias);
    names.Linear(block + "mlp.gate_proj", c.intermediate_size, c.hidden_size, c.mlp_bias);
    names.Linear(block + "mlp.up_proj", c.intermediate_size, c.hidden_size, c.mlp_bias);
    names.Linear(block + "mlp.down_proj", c.hidden_size, c.intermediate_size, c.mlp_bias);
    names.Add(block + "input_layernorm.weight", {c.hidden_size});
    names.Add(block + "post_attention_layernorm.weight", {c.hidden_size});
  }
  names.Add("model.norm.weight", {c.hidden_size});
  if (!c.tie_word_embeddings) {
    names.Add("lm_head.weight", {c.vocab_size, c.hidden_size});
  }
  return names.list;
}

}  // namespace tersor::io
