// Vision Transformers from checkpoint folders.
#include <set>
#include <string_view>

#include "tersor/io/safetensors.h"
#include "tersor/model/vit.h"
#include "tersor/nn/tensor_io.h"
#include "tersor/util/error.h"
#include "tersor/util/log.h"

namespace tersor::model {
namespace {

/// Fills the parameters; those of the classifier only where `with_classifier`.
std::unique_ptr<Vit> Load(const std::string& folder, const io::VitConfig& config,
                          bool with_classifier, const Plugs& plugs) {
  const io::TensorStore store = io::TensorStore::Open(folder);
  auto vit = std::make_unique<Vit>(config, plugs);
  std::set<std::string_view> used;
  const nn::ParameterList parameters = vit->Parameters();
  for (const nn::Parameter& parameter : parameters) {
    if (!parameter.name.starts_with("classifier.") || with_classifier) {
      const io::HostTensor* stored = store.Find(parameter.name);
      TERSOR_CHECK(stored != nullptr, folder, ": tensor ", parameter.name,
                   " is missing, which config.json calls for");
      nn::CopyFrom(*stored, parameter.value);
    }
    used.insert(parameter.name);
  }
  for (const auto& [name, tensor] : store.tensors()) {
    if (!used.contains(name)) {
      log::Warn("{}: tensor {} is not part of this model type; it and such others are ignored",
                folder, name);
      break;
    }
  }
  return vit;
}

}  // namespace

std::unique_ptr<Vit> LoadVit(const std::string& folder, const Plugs& plugs) {
  return Load(folder, io::ReadVitConfig(folder), /*with_classifier=*/true, plugs);
}

std::unique_ptr<Vit> LoadVitForClasses(const std::string& folder,
                                       const std::vector<std::string>& labels, uint64_t seed,
                                       const Plugs& plugs) {
  io::VitConfig config = io::ReadVitConfig(folder);
  config.labels = labels;
  std::unique_ptr<Vit> vit = Load(folder, config, /*with_classifier=*/false, plugs);
  vit->InitClassifier(seed);
  return vit;
}

}  // namespace tersor::model
