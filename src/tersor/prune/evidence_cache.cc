#include "tersor/prune/evidence_cache.h"

#include <ATen/ATen.h>

#include <filesystem>

#include "tersor/io/safetensors.h"
#include "tersor/nn/tensor_io.h"
#include "tersor/util/content_hash.h"
#include "tersor/util/error.h"
#include "tersor/util/file.h"
#include "tersor/util/log.h"

namespace tersor::prune {
namespace {

std::string_view BytesOf(const at::Tensor& tensor) {
  return {static_cast<const char*>(tensor.data_ptr()), tensor.nbytes()};
}

}  // namespace

EvidenceCache::EvidenceCache(const std::string& folder, const nn::ParameterList& parameters,
                             const at::Tensor& calibration, bool inverse_diagonal, double damping) {
  ContentHash hash;
  for (const nn::Parameter& parameter : parameters) {
    hash.Add(parameter.name);
    hash.Add(BytesOf(parameter.value));
  }
  hash.Add(BytesOf(calibration));
  hash.Add(inverse_diagonal ? std::to_string(damping) : "");
  MakeFolders(folder);
  path_ = folder + "/" + hash.Text() + ".evidence.safetensors";
}

std::optional<std::vector<InputEvidence>> EvidenceCache::Find(
    const nn::ParameterList& weights) const {
  if (!std::filesystem::exists(path_)) {
    return std::nullopt;
  }
  try {
    const io::TensorStore store = io::TensorStore::Open(path_);
    std::vector<InputEvidence> evidence;
    for (const nn::Parameter& weight : weights) {
      InputEvidence& one = evidence.emplace_back();
      one.norms = at::empty({weight.value.size(1)}, at::kFloat);
      nn::CopyFrom(store.Get(weight.name + ".norms"), one.norms);
      if (const io::HostTensor* diagonal = store.Find(weight.name + ".inverse_diagonal")) {
        at::Tensor values = at::empty({weight.value.size(1)}, at::kFloat);
        nn::CopyFrom(*diagonal, values);
        one.inverse_diagonal = values.to(at::kDouble);
      }
    }
    return evidence;
  } catch (const Error& e) {
    log::Warn("{}; measured anew", e.what());
    return std::nullopt;
  }
}

void EvidenceCache::Store(const nn::ParameterList& weights,
                          const std::vector<InputEvidence>& evidence) const {
  nn::NamedTensors tensors;
  for (size_t i = 0; i < weights.size(); ++i) {
    tensors.emplace_back(weights[i].name + ".norms", evidence[i].norms);
    if (evidence[i].inverse_diagonal.defined()) {
      tensors.emplace_back(weights[i].name + ".inverse_diagonal",
                           evidence[i].inverse_diagonal.to(at::kFloat));
    }
  }
  nn::SaveTensors(path_, tensors, io::Dtype::kF32);
}

}  // namespace tersor::prune
