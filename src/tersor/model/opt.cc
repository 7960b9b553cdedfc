#include "tersor/model/opt.h"

#include <ATen/ATen.h>

#include <cmath>
#include <string>

#include "tersor/nn/mlp.h"
#include "tersor/op/embedding.h"
#include "tersor/util/error.h"

namespace tersor::model {
namespace {

/// The checkpoints keep two unused rows before position 0.
constexpr int64_t kPositionOffset = 2;
constexpr double kLayerNormEps = 1e-5;

void Append(nn::ParameterList& to, const nn::ParameterList& from) {
  to.insert(to.end(), from.begin(), from.end());
}

nn::LayerNorm MakeNorm(const std::string& name, const io::ModelConfig& c, const Plugs& plugs) {
  return {name,          c.hidden_size, kLayerNormEps, c.layer_norm_elementwise_affine,
          c.enable_bias, plugs.context};
}

}  // namespace

class Opt::Block {
 public:
  Block(const io::ModelConfig& c, int64_t layer, const Plugs& plugs)
      : config_(c),
        name_("model.decoder.layers." + std::to_string(layer)),
        attention_norm_(MakeNorm(name_ + ".self_attn_layer_norm", c, plugs)),
        final_norm_(MakeNorm(name_ + ".final_layer_norm", c, plugs)),
        qkv_({layer, "self_attn.qkv"}, c.hidden_size,
             {{name_ + ".self_attn.q_proj", c.hidden_size, c.enable_bias},
              {name_ + ".self_attn.k_proj", c.hidden_size, c.enable_bias},
              {name_ + ".self_attn.v_proj", c.hidden_size, c.enable_bias}},
             plugs.precision),
        out_({layer, "self_attn.out_proj"}, c.hidden_size,
             {{name_ + ".self_attn.out_proj", c.hidden_size, c.enable_bias}}, plugs.precision),
        attention_(plugs.attention(layer)),
        mlp_(plugs.router(layer), [&](int64_t expert) {
          return std::make_unique<nn::PlainMlp>(
              name_, layer, c.hidden_size, c.intermediate_size, c.enable_bias,
              c.activation_function == "gelu" ? nn::Activation::kGelu : nn::Activation::kRelu,
              plugs.precision, plugs.context);
        }) {}

  at::Tensor Forward(const at::Tensor& x, int64_t batch, at::Tensor* loss) const {
    // Norm before each part (all released models but OPT-350M) or after its residual sum.
    const bool before = config_.do_layer_norm_before;
    at::Tensor middle = x + Attend(before ? attention_norm_.Forward(x) : x, batch);
    middle = before ? middle : attention_norm_.Forward(middle);
    const nn::RoutedMlp::Result mlp = mlp_.Forward(before ? final_norm_.Forward(middle) : middle);
    if (mlp.loss.defined()) {
      *loss = loss->defined() ? *loss + mlp.loss : mlp.loss;
    }
    const at::Tensor out = middle + mlp.output;
    return before ? out : final_norm_.Forward(out);
  }

  void AppendParameters(nn::ParameterList& list) const {
    Append(list, qkv_.Parameters());
    Append(list, out_.Parameters());
    Append(list, attention_norm_.Parameters());
    Append(list, mlp_.Parameters());
    Append(list, final_norm_.Parameters());
  }

 private:
  at::Tensor Attend(const at::Tensor& x, int64_t batch) const {
    const std::vector<at::Tensor> qkv = qkv_.Forward(x);
    const auto split = [&](const at::Tensor& y) {  // [batch, heads, tokens, head_dim]
      return y.view({batch, x.size(0) / batch, -1, config_.head_dim}).transpose(1, 2);
    };
    nn::AttentionInput in;
    in.query = split(qkv[0]);
    in.key = split(qkv[1]);
    in.value = split(qkv[2]);
    in.scale = 1 / std::sqrt(static_cast<double>(config_.head_dim));
    const at::Tensor mixed = attention_->Attend(in);
    return out_.Forward(mixed.transpose(1, 2).reshape({x.size(0), -1}))[0];
  }

  const io::ModelConfig config_;
  std::string name_;
  nn::LayerNorm attention_norm_, final_norm_;
  nn::LinearGroup qkv_, out_;
  std::unique_ptr<nn::AttentionPolicy> attention_;
  nn::RoutedMlp mlp_;
};

Opt::Opt(const io::ModelConfig& c, const Plugs& plugs)
    : LanguageModel(c, plugs),
      embedding_(nn::MakeParameter("model.decoder.embed_tokens.weight",
                                   {c.vocab_size, c.word_embed_proj_dim}, /*decay=*/true)),
      positions_(nn::MakeParameter("model.decoder.embed_positions.weight",
                                   {c.max_position_embeddings + kPositionOffset, c.hidden_size},
                                   /*decay=*/true)) {
  if (c.word_embed_proj_dim != c.hidden_size) {
    // The projections belong to the embedding, so they stay in float32 like it.
    project_in_ = std::make_unique<nn::LinearGroup>(
        nn::LinearSite{-1, "project_in"}, c.word_embed_proj_dim,
        std::vector<nn::LinearGroup::Output>{{"model.decoder.project_in", c.hidden_size}},
        nn::Fp32());
    project_out_ = std::make_unique<nn::LinearGroup>(
        nn::LinearSite{-1, "project_out"}, c.hidden_size,
        std::vector<nn::LinearGroup::Output>{{"model.decoder.project_out", c.word_embed_proj_dim}},
        nn::Fp32());
  }
  for (int64_t layer = 0; layer < c.num_hidden_layers; ++layer) {
    blocks_.push_back(std::make_unique<Block>(c, layer, plugs));
  }
  if (c.do_layer_norm_before && !c.remove_final_layer_norm) {
    final_norm_ = MakeNorm("model.decoder.final_layer_norm", c, plugs);
  }
}

Opt::~Opt() = default;

at::Tensor Opt::Embed(const at::Tensor& tokens) {
  const int64_t batch = tokens.size(0), length = tokens.size(1);
  TERSOR_CHECK(length <= config_.max_position_embeddings, "input of ", length,
               " tokens is longer than the model's ", config_.max_position_embeddings,
               " positions; use shorter windows");
  at::Tensor x = op::Embedding(embedding_.value, tokens.reshape(-1));
  if (project_in_) {
    x = project_in_->Forward(x)[0];
  }
  const at::Tensor positions = positions_.value.narrow(0, kPositionOffset, length);
  return (x.view({batch, length, -1}) + positions).view({batch * length, -1});
}

at::Tensor Opt::RunBlock(int64_t block, const at::Tensor& x, int64_t batch, at::Tensor* loss) {
  return blocks_[static_cast<size_t>(block)]->Forward(x, batch, loss);
}

at::Tensor Opt::Finish(const at::Tensor& x) {
  const at::Tensor normed = final_norm_ ? final_norm_->Forward(x) : x;
  return project_out_ ? project_out_->Forward(normed)[0] : normed;
}

nn::ParameterList Opt::Parameters() const {
  nn::ParameterList list = {embedding_, positions_};
  if (project_in_) {
    Append(list, project_in_->Parameters());
    Append(list, project_out_->Parameters());
  }
  for (const std::unique_ptr<Block>& block : blocks_) {
    block->AppendParameters(list);
  }
  if (final_norm_) {
    Append(list, final_norm_->Parameters());
  }
  return list;
}

}  // namespace tersor::model
