#include "tersor/io/checkpoint.h"

#include <filesystem>
#include <optional>
#include <set>

#include "tersor/util/error.h"
#include "tersor/util/log.h"

namespace tersor::io {
namespace {

constexpr std::string_view kPrefix = "model.";

std::string ShapeText(const std::vector<int64_t>& shape) {
  std::string text;
  for (const int64_t n : shape) {
    text += (text.empty() ? "" : ", ") + std::to_string(n);
  }
  return "[" + text + "]";
}

/// Tensors that other programs store although config.json does not call for them.
bool IsRedundant(std::string_view name) {
  return name.ends_with("rotary_emb.inv_freq") || name == "lm_head.weight";
}

}  // namespace

void CheckTensors(const std::string& folder, const TensorStore& store,
                  std::span<const TensorShape> expected,
                  const std::function<const HostTensor*(std::string_view)>& find) {
  std::set<std::string, std::less<>> used;
  for (const TensorShape& one : expected) {
    const HostTensor* tensor = find(one.name);
    TERSOR_CHECK(tensor != nullptr, folder, ": tensor ", one.name,
                 " is missing, which config.json calls for");
    TERSOR_CHECK(tensor->shape == one.shape, folder, ": tensor ", one.name, " has shape ",
                 ShapeText(tensor->shape), ", but config.json implies ", ShapeText(one.shape));
    used.insert(tensor->name);
  }
  int64_t unused = 0;
  std::string example;
  for (const auto& [name, tensor] : store.tensors()) {
    if (!used.contains(name) && !IsRedundant(name)) {
      ++unused;
      example = name;
    }
  }
  if (unused > 0) {
    log::Warn("{}: {} tensors are not part of this model type, such as {}", folder, unused,
              example);
  }
}

Checkpoint Checkpoint::Open(const std::string& folder) {
  Checkpoint checkpoint = OpenPacked(folder);
  const std::optional<Quantization>& quantization = checkpoint.config_.quantization;
  TERSOR_CHECK(!quantization || !quantization->packed(), folder,
               ": weights are packed for the runtime; use the unpacked folder");
  return checkpoint;
}

Checkpoint Checkpoint::OpenPacked(const std::string& folder) {
  TERSOR_CHECK(std::filesystem::is_directory(folder), folder,
               ": no such folder; a model is a folder with config.json and model.safetensors");
  ModelConfig config = ReadModelConfig(folder);
  Checkpoint checkpoint(std::move(config), TensorStore::Open(folder));
  CheckTensors(folder, checkpoint.store_, checkpoint.Expected(),
               [&](std::string_view name) { return checkpoint.Find(name); });
  return checkpoint;
}

std::vector<TensorShape> Checkpoint::Expected() const {
  std::vector<TensorShape> expected = ExpectedTensors(config_);
  if (!config_.quantization || !config_.quantization->packed()) {
    return expected;
  }
  for (TensorShape& one : expected) {
    const HostTensor* tensor = IsBlockMatrix(one.name) ? Find(one.name) : nullptr;
    if (tensor != nullptr && tensor->dtype == Dtype::kU8 && tensor->shape.size() == 1) {
      one.shape = tensor->shape;
    }
  }
  return expected;
}

const HostTensor* Checkpoint::Find(std::string_view name) const {
  const HostTensor* tensor = store_.Find(name);
  const bool may_lack_prefix =
      config_.architecture == Architecture::kOpt && name.starts_with(kPrefix);
  return tensor == nullptr && may_lack_prefix ? store_.Find(name.substr(kPrefix.size())) : tensor;
}

const HostTensor& Checkpoint::Weight(std::string_view name) const {
  const HostTensor* tensor = Find(name);
  TERSOR_CHECK(tensor != nullptr, store_.path(), ": tensor ", name, " is missing");
  return *tensor;
}

}  // namespace tersor::io
