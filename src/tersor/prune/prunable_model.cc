#include "tersor/prune/prunable_model.h"

#include <ATen/ATen.h>

#include "tersor/kernel/column_squares.h"
#include "tersor/model/checkpoint.h"
#include "tersor/util/error.h"

namespace tersor::prune {

at::Tensor InputStatistics::Norms() const { return squares.sqrt().to(at::kFloat); }

void ObservedGroup::Observe(bool with_gram, bool output) {
  observing_ = true;
  with_gram_ = with_gram;
  output_ = output;
  statistics_ = {};
}

InputStatistics ObservedGroup::StopObserving() {
  observing_ = false;
  output_ = true;
  return std::exchange(statistics_, {});
}

std::vector<at::Tensor> ObservedGroup::Apply(const at::Tensor& x, at::TensorList weights,
                                             at::TensorList biases) {
  if (observing_) {
    const at::Tensor gram = with_gram_ ? at::mm(x.t(), x).to(at::kDouble) : at::Tensor();
    const at::Tensor rows = x.contiguous();
    const bool first = statistics_.tokens == 0;
    if (first) {
      statistics_.squares = at::zeros({x.size(1)}, at::kDouble);
    }
    kernel::AddColumnSquares(x.size(0), x.size(1), rows.data_ptr<float>(),
                             statistics_.squares.data_ptr<double>());
    TERSOR_CHECK(at::isfinite(statistics_.squares).all().item<bool>(), "block ", site_.layer, ", ",
                 site_.name,
                 ": the calibration's activations are not finite; the model or an earlier block is "
                 "broken");
    statistics_.tokens += x.size(0);
    if (with_gram_) {
      statistics_.gram = first ? gram : statistics_.gram.add_(gram);
    }
  }
  if (!output_) {
    std::vector<at::Tensor> zeros;
    for (const at::Tensor& weight : weights) {
      zeros.push_back(at::zeros({x.size(0), weight.size(0)}, x.options()));
    }
    return zeros;
  }
  return nn::Fp32Precision().Apply(x, weights, biases);
}

model::Plugs PrunableModel::PlugsInto(std::vector<std::vector<ObservedGroup*>>* groups) {
  model::Plugs plugs;
  plugs.precision = [groups](const nn::LinearSite& site) {
    auto group = std::make_unique<ObservedGroup>(site);
    groups->resize(std::max(groups->size(), static_cast<size_t>(site.layer) + 1));
    (*groups)[static_cast<size_t>(site.layer)].push_back(group.get());
    return group;
  };
  return plugs;
}

PrunableModel PrunableModel::Load(const std::string& folder) {
  PrunableModel result;
  result.model_ = model::LoadLanguageModel(folder, PlugsInto(&result.groups_));
  return result;
}

PrunableModel PrunableModel::Make(const io::ModelConfig& config, uint64_t seed) {
  PrunableModel result;
  result.model_ = model::MakeLanguageModel(config, PlugsInto(&result.groups_));
  result.model_->InitWeights(seed);
  return result;
}

}  // namespace tersor::prune
