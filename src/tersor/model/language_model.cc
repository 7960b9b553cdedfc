#include "tersor/model/language_model.h"

#include <ATen/ATen.h>

#include <cmath>
#include <string_view>

#include "tersor/model/llama.h"
#include "tersor/model/opt.h"
#include "tersor/op/recompute.h"
#include "tersor/util/error.h"

namespace tersor::model {
namespace {

bool WritesToResidual(std::string_view name) {
  for (const std::string_view suffix :
       {".o_proj.weight", ".down_proj.weight", ".out_proj.weight", ".fc2.weight"}) {
    if (name.ends_with(suffix)) {
      return true;
    }
  }
  return false;
}

}  // namespace

LanguageModel::Output LanguageModel::Forward(const at::Tensor& tokens) {
  const int64_t batch = tokens.size(0);
  Output out;
  at::Tensor x = Embed(tokens);
  for (int64_t block = 0; block < config_.num_hidden_layers; ++block) {
    if (recompute_) {
      x = op::Recompute(
          [this, block, batch](const at::Tensor& in) {
            at::Tensor loss;
            const at::Tensor y = RunBlock(block, in, batch, &loss);
            TERSOR_CHECK(!loss.defined(), "recomputation does not carry a router's loss");
            return y;
          },
          x);
    } else {
      x = RunBlock(block, x, batch, &out.loss);
    }
  }
  out.hidden = Finish(x);
  return out;
}

at::Tensor LanguageModel::Logits(const at::Tensor& tokens) {
  const at::Tensor hidden = Forward(tokens).hidden;
  return at::matmul(hidden, HeadWeight().t()).view({tokens.size(0), tokens.size(1), -1});
}

void LanguageModel::InitWeights(uint64_t seed) {
  const double depth = std::sqrt(2.0 * static_cast<double>(config_.num_hidden_layers));
  for (nn::Parameter& parameter : Parameters()) {
    if (parameter.value.dim() == 2) {
      const double scale = WritesToResidual(parameter.name) ? 1 / depth : 1;
      nn::InitNormal(parameter, config_.initializer_range * scale, seed);
    }
  }
}

std::unique_ptr<LanguageModel> MakeLanguageModel(const io::ModelConfig& config,
                                                 const Plugs& plugs) {
  config.Validate("model configuration");
  if (config.architecture == io::Architecture::kOpt) {
    return std::make_unique<Opt>(config, plugs);
  }
  return std::make_unique<Llama>(config, plugs);
}

}  // namespace tersor::model
