#include "tersor/model/vit.h"

#include <ATen/ATen.h>

#include <cmath>

#include "tersor/nn/mlp.h"
#include "tersor/op/activation.h"
#include "tersor/op/linear.h"
#include "tersor/op/recompute.h"
#include "tersor/util/error.h"

namespace tersor::model {
namespace {

void Append(nn::ParameterList& to, const nn::ParameterList& from) {
  to.insert(to.end(), from.begin(), from.end());
}

/// A group's weights and biases in the checkpoint's order, layer by layer.
void AppendLayers(nn::ParameterList& to, const nn::LinearGroup& group) {
  const nn::ParameterList list = group.Parameters();
  const auto stem = [](const std::string& name) { return name.substr(0, name.rfind('.')); };
  for (const nn::Parameter& weight : list) {
    if (!weight.name.ends_with(".weight")) {
      break;
    }
    for (const nn::Parameter& parameter : list) {
      if (stem(parameter.name) == stem(weight.name)) {
        to.push_back(parameter);
      }
    }
  }
}

nn::LayerNorm MakeNorm(const std::string& name, const io::VitConfig& c, const Plugs& plugs) {
  return {name, c.hidden_size, c.layer_norm_eps, true, true, plugs.context};
}

/// fc2(gelu(fc1(x))) under the names of Hugging Face's checkpoints.
class VitMlp : public nn::Mlp {
 public:
  VitMlp(const std::string& block, int64_t layer, const io::VitConfig& c, const Plugs& plugs)
      : fc1_({layer, "mlp.fc1"}, c.hidden_size,
             {{block + ".intermediate.dense", c.intermediate_size, true}}, plugs.precision),
        fc2_({layer, "mlp.fc2"}, c.intermediate_size,
             {{block + ".output.dense", c.hidden_size, true}}, plugs.precision),
        context_(plugs.context) {}

  at::Tensor Forward(const at::Tensor& x) const override {
    return fc2_.Forward(op::Gelu(fc1_.Forward(x)[0], context_))[0];
  }
  nn::ParameterList Parameters() const override {
    nn::ParameterList list = fc1_.Parameters();
    Append(list, fc2_.Parameters());
    return list;
  }
  std::vector<nn::Parameter>& OutputWeights() override { return fc2_.weights(); }

 private:
  nn::LinearGroup fc1_, fc2_;
  op::ContextFormat context_;
};

}  // namespace

class Vit::Block {
 public:
  Block(const io::VitConfig& c, int64_t layer, const Plugs& plugs)
      : head_dim_(c.head_dim()),
        name_("vit.encoder.layer." + std::to_string(layer)),
        before_(MakeNorm(name_ + ".layernorm_before", c, plugs)),
        after_(MakeNorm(name_ + ".layernorm_after", c, plugs)),
        qkv_({layer, "attention.qkv"}, c.hidden_size,
             {{name_ + ".attention.attention.query", c.hidden_size, c.qkv_bias},
              {name_ + ".attention.attention.key", c.hidden_size, c.qkv_bias},
              {name_ + ".attention.attention.value", c.hidden_size, c.qkv_bias}},
             plugs.precision),
        out_({layer, "attention.output"}, c.hidden_size,
             {{name_ + ".attention.output.dense", c.hidden_size, true}}, plugs.precision),
        attention_(plugs.attention(layer)),
        mlp_(plugs.router(layer), [&](int64_t expert) {
          return std::make_unique<VitMlp>(
              expert == 0 ? name_ : name_ + ".expert." + std::to_string(expert), layer, c, plugs);
        }) {}

  /// x [batch * tokens, width]; scales [2, batch] of the two branches, or undefined.
  at::Tensor Forward(const at::Tensor& x, int64_t batch, const at::Tensor& scales,
                     at::Tensor* loss) const {
    const at::Tensor middle = AddBranch(x, Attend(before_.Forward(x), batch), batch, scales, 0);
    const nn::RoutedMlp::Result mlp = mlp_.Forward(after_.Forward(middle));
    if (mlp.loss.defined()) {
      *loss = loss->defined() ? *loss + mlp.loss : mlp.loss;
    }
    return AddBranch(middle, mlp.output, batch, scales, 1);
  }

  void AppendParameters(nn::ParameterList& list) const {
    AppendLayers(list, qkv_);
    Append(list, out_.Parameters());
    Append(list, mlp_.Parameters());
    Append(list, before_.Parameters());
    Append(list, after_.Parameters());
  }

 private:
  static at::Tensor AddBranch(const at::Tensor& x, const at::Tensor& branch, int64_t batch,
                              const at::Tensor& scales, int64_t which) {
    if (!scales.defined()) {
      return x + branch;
    }
    const auto by_image = [&](const at::Tensor& rows) { return rows.view({batch, -1}); };
    return at::addcmul(by_image(x), by_image(branch), scales[which].unsqueeze(1)).view(x.sizes());
  }

  at::Tensor Attend(const at::Tensor& x, int64_t batch) const {
    const std::vector<at::Tensor> qkv = qkv_.Forward(x);
    const auto split = [&](const at::Tensor& y) {  // [batch, heads, tokens, head_dim]
      return y.view({batch, x.size(0) / batch, -1, head_dim_}).transpose(1, 2);
    };
    nn::AttentionInput in;
    in.query = split(qkv[0]);
    in.key = split(qkv[1]);
    in.value = split(qkv[2]);
    in.scale = 1 / std::sqrt(static_cast<double>(head_dim_));
    in.causal = false;
    const at::Tensor mixed = attention_->Attend(in);
    return out_.Forward(mixed.transpose(1, 2).reshape({x.size(0), -1}))[0];
  }

  int64_t head_dim_;
  std::string name_;
  nn::LayerNorm before_, after_;
  nn::LinearGroup qkv_, out_;
  std::unique_ptr<nn::AttentionPolicy> attention_;
  nn::RoutedMlp mlp_;
};

Vit::Vit(const io::VitConfig& config, const Plugs& plugs) : config_(config) {
  config.Validate("model configuration");
  const std::string embeddings = "vit.embeddings.";
  const std::string projection = embeddings + "patch_embeddings.projection";
  const int64_t width = config.hidden_size;
  class_token_ = nn::MakeParameter(embeddings + "cls_token", {1, 1, width}, /*decay=*/false);
  positions_ = nn::MakeParameter(embeddings + "position_embeddings", {1, config.tokens(), width},
                                 /*decay=*/false);
  patch_weight_ = nn::MakeParameter(
      projection + ".weight", {width, config.num_channels, config.patch_size, config.patch_size},
      /*decay=*/true);
  patch_bias_ = nn::MakeParameter(projection + ".bias", {width}, /*decay=*/false);
  for (int64_t layer = 0; layer < config.num_hidden_layers; ++layer) {
    blocks_.push_back(std::make_unique<Block>(config, layer, plugs));
  }
  final_norm_ = MakeNorm("vit.layernorm", config, plugs);
  classifier_weight_ =
      nn::MakeParameter("classifier.weight", {config.classes(), width}, /*decay=*/true);
  classifier_bias_ = nn::MakeParameter("classifier.bias", {config.classes()}, /*decay=*/false);
}

Vit::~Vit() = default;

at::Tensor Vit::Embed(const at::Tensor& images) const {
  const int64_t batch = images.size(0), channels = config_.num_channels, p = config_.patch_size;
  const int64_t side = config_.image_size / p, width = config_.hidden_size;
  // The convolution's windows do not overlap, so it is a product with the patches as rows.
  const at::Tensor rows = images.view({batch, channels, side, p, side, p})
                              .permute({0, 2, 4, 1, 3, 5})
                              .reshape({batch * side * side, config_.patch_values()});
  const at::Tensor patches =
      op::Linear(rows, {patch_weight_.value.view({width, -1})}, {patch_bias_.value})[0];
  const at::Tensor tokens =
      at::cat({class_token_.value.expand({batch, 1, width}), patches.view({batch, -1, width})}, 1);
  return (tokens + positions_.value).view({batch * config_.tokens(), width});
}

Vit::Output Vit::Forward(const at::Tensor& images, const at::Tensor& branch_scales) {
  const int64_t batch = images.size(0);
  TERSOR_CHECK(images.dim() == 4 && images.size(1) == config_.num_channels &&
                   images.size(2) == config_.image_size && images.size(3) == config_.image_size,
               "the model takes images of ", config_.num_channels, " channels and ",
               config_.image_size, " pixels a side");
  at::Tensor x = Embed(images);
  Output out;
  for (size_t layer = 0; layer < blocks_.size(); ++layer) {
    const Block& block = *blocks_[layer];
    const at::Tensor scales = branch_scales.defined()
                                  ? branch_scales.narrow(0, static_cast<int64_t>(2 * layer), 2)
                                  : at::Tensor();
    if (recompute_) {
      x = op::Recompute(
          [&block, batch, scales](const at::Tensor& in) {
            at::Tensor loss;
            const at::Tensor y = block.Forward(in, batch, scales, &loss);
            TERSOR_CHECK(!loss.defined(), "recomputation does not carry a router's loss");
            return y;
          },
          x);
    } else {
      x = block.Forward(x, batch, scales, &out.loss);
    }
  }
  // Only the class token is read, and the norm is each token's own.
  const at::Tensor first = x.view({batch, config_.tokens(), -1}).select(1, 0).contiguous();
  out.logits = op::Linear(final_norm_->Forward(first), {classifier_weight_.value},
                          {classifier_bias_.value})[0];
  return out;
}

nn::ParameterList Vit::Parameters() const {
  nn::ParameterList list = {class_token_, positions_, patch_weight_, patch_bias_};
  for (const std::unique_ptr<Block>& block : blocks_) {
    block->AppendParameters(list);
  }
  Append(list, final_norm_->Parameters());
  Append(list, {classifier_weight_, classifier_bias_});
  return list;
}

void Vit::InitWeights(uint64_t seed) {
  for (nn::Parameter& parameter : Parameters()) {
    if (parameter.value.dim() > 1) {
      nn::InitNormal(parameter, config_.initializer_range, seed);
    }
  }
}

void Vit::InitClassifier(uint64_t seed) {
  nn::InitNormal(classifier_weight_, config_.initializer_range, seed);
  const at::NoGradGuard no_grad;
  classifier_bias_.value.zero_();
}

}  // namespace tersor::model
