#include "tersor/model/llama.h"

#include <ATen/ATen.h>

#include <cmath>
#include <string>

#include "tersor/nn/mlp.h"
#include "tersor/nn/norm.h"
#include "tersor/nn/rope.h"
#include "tersor/op/embedding.h"

namespace tersor::model {
namespace {

void Append(nn::ParameterList& to, const nn::ParameterList& from) {
  to.insert(to.end(), from.begin(), from.end());
}

/// Tokens that layer `layer` may look back on; 0: all. Qwen2 lets its first layers see everything.
int64_t WindowOf(const io::ModelConfig& config, int64_t layer) {
  const bool whole =
      config.architecture == io::Architecture::kQwen2 && layer < config.max_window_layers;
  return whole ? 0 : config.sliding_window.value_or(0);
}

}  // namespace

struct Llama::Shared {
  nn::Rope rope;
  nn::RmsNorm final_norm;
};

class Llama::Block {
 public:
  Block(const io::ModelConfig& c, int64_t layer, const Plugs& plugs)
      : config_(c),
        window_(WindowOf(c, layer)),
        name_("model.layers." + std::to_string(layer)),
        input_norm_(name_ + ".input_layernorm", c.hidden_size, c.rms_norm_eps, plugs.context),
        post_norm_(name_ + ".post_attention_layernorm", c.hidden_size, c.rms_norm_eps,
                   plugs.context),
        qkv_({layer, "self_attn.qkv"}, c.hidden_size,
             {{name_ + ".self_attn.q_proj", c.num_attention_heads * c.head_dim, c.attention_bias},
              {name_ + ".self_attn.k_proj", c.num_key_value_heads * c.head_dim, c.attention_bias},
              {name_ + ".self_attn.v_proj", c.num_key_value_heads * c.head_dim, c.attention_bias}},
             plugs.precision),
        out_({layer, "self_attn.o_proj"}, c.num_attention_heads * c.head_dim,
             {{name_ + ".self_attn.o_proj", c.hidden_size, c.attention_out_bias}}, plugs.precision),
        attention_(plugs.attention(layer)),
        mlp_(plugs.router(layer), [&](int64_t expert) {
          // One expert is the ordinary MLP and keeps its checkpoint name.
          return std::make_unique<nn::GatedMlp>(name_ + ".mlp", layer, c.hidden_size,
                                                c.intermediate_size, c.mlp_bias, plugs.precision,
                                                plugs.context);
        }) {}

  /// x [batch * tokens, hidden] -> the same shape; the router's loss, if any, goes to `loss`.
  at::Tensor Forward(const at::Tensor& x, int64_t batch, nn::Rope& rope, at::Tensor* loss) const {
    const at::Tensor middle = x + Attend(input_norm_.Forward(x), batch, rope);
    const nn::RoutedMlp::Result mlp = mlp_.Forward(post_norm_.Forward(middle));
    if (mlp.loss.defined()) {
      *loss = loss->defined() ? *loss + mlp.loss : mlp.loss;
    }
    return middle + mlp.output;
  }

  void AppendParameters(nn::ParameterList& list) const {
    Append(list, qkv_.Parameters());
    Append(list, out_.Parameters());
    Append(list, mlp_.Parameters());
    Append(list, input_norm_.Parameters());
    Append(list, post_norm_.Parameters());
  }

 private:
  at::Tensor Attend(const at::Tensor& x, int64_t batch, nn::Rope& rope) const {
    const std::vector<at::Tensor> qkv = qkv_.Forward(x);
    const auto split = [&](const at::Tensor& y) {  // [batch, tokens, heads, head_dim]
      return y.view({batch, x.size(0) / batch, -1, config_.head_dim});
    };
    nn::AttentionInput in;
    in.query = rope.Forward(split(qkv[0])).transpose(1, 2);
    in.key = rope.Forward(split(qkv[1])).transpose(1, 2);
    in.value = split(qkv[2]).transpose(1, 2);
    in.scale = 1 / std::sqrt(static_cast<double>(config_.head_dim));
    in.window = window_;
    const at::Tensor mixed = attention_->Attend(in);
    return out_.Forward(mixed.transpose(1, 2).reshape({x.size(0), -1}))[0];
  }

  const io::ModelConfig config_;
  int64_t window_;
  std::string name_;
  nn::RmsNorm input_norm_, post_norm_;
  nn::LinearGroup qkv_, out_;
  std::unique_ptr<nn::AttentionPolicy> attention_;
  nn::RoutedMlp mlp_;
};

Llama::Llama(const io::ModelConfig& config, const Plugs& plugs)
    : LanguageModel(config, plugs),
      embedding_(nn::MakeParameter("model.embed_tokens.weight",
                                   {config.vocab_size, config.hidden_size}, /*decay=*/true)),
      head_(config.tie_word_embeddings
                ? embedding_
                : nn::MakeParameter("lm_head.weight", {config.vocab_size, config.hidden_size},
                                    /*decay=*/true)),
      shared_(new Shared{
          nn::Rope(config.head_dim, config.rope_theta, config.rope_scaling),
          nn::RmsNorm("model.norm", config.hidden_size, config.rms_norm_eps, plugs.context)}) {
  for (int64_t layer = 0; layer < config.num_hidden_layers; ++layer) {
    blocks_.push_back(std::make_unique<Block>(config, layer, plugs));
  }
}

Llama::~Llama() = default;

at::Tensor Llama::Embed(const at::Tensor& tokens) {
  return op::Embedding(embedding_.value, tokens.reshape(-1));
}

at::Tensor Llama::RunBlock(int64_t block, const at::Tensor& x, int64_t batch, at::Tensor* loss) {
  return blocks_[static_cast<size_t>(block)]->Forward(x, batch, shared_->rope, loss);
}

at::Tensor Llama::Finish(const at::Tensor& x) { return shared_->final_norm.Forward(x); }

nn::ParameterList Llama::Parameters() const {
  nn::ParameterList list = {embedding_};
  for (const std::unique_ptr<Block>& block : blocks_) {
    block->AppendParameters(list);
  }
  Append(list, shared_->final_norm.Parameters());
  if (!config_.tie_word_embeddings) {
    list.push_back(head_);
  }
  return list;
}

}  // namespace tersor::model
