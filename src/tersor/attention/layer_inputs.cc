#include "tersor/attention/layer_inputs.h"

#include <ATen/ATen.h>

#include <vector>

#include "tersor/model/checkpoint.h"

namespace tersor::attention {
namespace {

/// Dense attention that keeps what it was given last.
class Capture : public nn::DenseAttention {
 public:
  explicit Capture(nn::AttentionInput* kept) : kept_(kept) {}

  at::Tensor Attend(const nn::AttentionInput& input) override {
    *kept_ = input;
    return DenseAttention::Attend(input);
  }

 private:
  nn::AttentionInput* kept_;
};

}  // namespace

WatchedModel::WatchedModel(const std::string& folder) {
  model::Plugs plugs;
  plugs.attention = [this](int64_t) { return std::make_unique<Capture>(&seen_); };
  model_ = model::LoadLanguageModel(folder, plugs);
}

void WatchedModel::VisitLayers(
    const at::Tensor& tokens,
    const std::function<void(int64_t layer, std::span<const nn::AttentionInput>)>& visit) {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> x;  // of each sequence, what the next block reads
  for (int64_t i = 0; i < tokens.size(0); ++i) {
    x.push_back(model_->Embed(tokens.narrow(0, i, 1)));
  }
  for (int64_t layer = 0; layer < config().num_hidden_layers; ++layer) {
    std::vector<nn::AttentionInput> inputs;
    for (at::Tensor& one : x) {
      at::Tensor loss;
      one = model_->RunBlock(layer, one, 1, &loss);
      inputs.push_back(seen_);
    }
    visit(layer, inputs);
  }
}

}  // namespace tersor::attention
