#include "tersor/precision/plant_outliers.h"

#include <ATen/ATen.h>

#include <cmath>
#include <map>
#include <set>
#include <string>

#include "tersor/util/error.h"
#include "tersor/util/rng.h"

namespace tersor::precision {

void PlantGluOutliers(nn::ParameterList& parameters, int64_t count, double factor, uint64_t seed) {
  const at::NoGradGuard no_grad;
  std::map<std::string, at::Tensor> by_name;
  for (const nn::Parameter& parameter : parameters) {
    by_name[parameter.name] = parameter.value;
  }
  const std::string up_name = "up_proj.weight";
  uint64_t layer = 0;
  for (const nn::Parameter& parameter : parameters) {
    if (!parameter.name.ends_with(up_name)) {
      continue;
    }
    const std::string prefix = parameter.name.substr(0, parameter.name.size() - up_name.size());
    const at::Tensor &up = parameter.value, &down = by_name.at(prefix + "down_proj.weight");
    const at::Tensor& gate = by_name.at(prefix + "gate_proj.weight");
    if (count > up.size(0)) {
      FailUsage("model.glu_outliers: ", prefix, "up_proj has ", up.size(0), " rows only");
    }
    const Rng rng(seed, layer++);
    std::set<int64_t> rows;
    for (uint64_t draw = 0; static_cast<int64_t>(rows.size()) < count; ++draw) {
      rows.insert(static_cast<int64_t>(rng.Below(draw, static_cast<uint64_t>(up.size(0)))));
    }
    for (const int64_t row : rows) {
      for (const at::Tensor& in :
           {gate, up, by_name[prefix + "gate_proj.bias"], by_name[prefix + "up_proj.bias"]}) {
        if (in.defined()) {
          in.select(0, row).mul_(std::sqrt(factor));
        }
      }
      down.select(1, row).div_(factor);
    }
  }
  if (layer == 0) {
    FailUsage("model.glu_outliers: this model has no gated MLP");
  }
}

}  // namespace tersor::precision
