#include "tersor/io/gguf_model.h"

#include <optional>
#include <set>

#include "tersor/io/gguf_config.h"
#include "tersor/io/gguf_names.h"
#include "tersor/util/error.h"
#include "tersor/util/log.h"
#include "tersor/util/quoted.h"

namespace tersor::io {
namespace {

std::string ShapeText(const std::vector<int64_t>& shape) {
  std::string text;
  for (const int64_t n : shape) {
    text += (text.empty() ? "" : ", ") + std::to_string(n);
  }
  return "[" + text + "]";
}

}  // namespace

GgufModel::GgufModel(const std::string& path) : file_(path), config_(ReadGgufConfig(file_)) {
  CheckTensors();
}

void GgufModel::CheckTensors() const {
  std::set<std::string_view> used = {kGgufRopeFactors};
  for (const TensorShape& expected : ExpectedTensors(config_)) {
    const GgufTensor* tensor = Find(expected.name);
    TERSOR_CHECK(tensor != nullptr, file_.path(), ": tensor ",
                 Quoted(GgufName(expected.name).value_or(expected.name)),
                 " is missing, which the metadata calls for");
    TERSOR_CHECK(tensor->shape == expected.shape, file_.path(), ": tensor ", Quoted(tensor->name),
                 " has shape ", ShapeText(tensor->shape), ", but the metadata implies ",
                 ShapeText(expected.shape));
    used.insert(tensor->name);
  }
  int64_t unused = 0;
  std::string example;
  for (const GgufTensor& tensor : file_.tensors()) {
    if (!used.contains(tensor.name)) {
      ++unused;
      example = tensor.name;
    }
  }
  if (unused > 0) {
    log::Warn("{}: {} tensors are not part of this architecture, such as {}", file_.path(), unused,
              Quoted(example));
  }
}

const GgufTensor* GgufModel::Find(std::string_view name) const {
  const std::optional<std::string> gguf_name = GgufName(name);
  return gguf_name ? file_.Find(*gguf_name) : nullptr;
}

bool GgufModel::IsInterleaved(std::string_view name) const {
  return HasInterleavedRows(config_.architecture, name);
}

std::vector<float> GgufModel::Weight(std::string_view name) const {
  const GgufTensor* tensor = Find(name);
  TERSOR_CHECK(tensor != nullptr, file_.path(), ": tensor ", Quoted(name), " is missing");
  std::vector<float> values;
  try {
    values = tensor->ToFloats();
  } catch (const Error& e) {
    Fail(file_.path(), ": ", e.what());
  }
  if (!IsInterleaved(name)) {
    return values;
  }
  std::vector<float> separated(values.size());
  const auto rows = static_cast<size_t>(tensor->shape[0]);
  SeparateRows(std::as_bytes(std::span(values)), config_.head_dim,
               values.size() / rows * sizeof(float), std::as_writable_bytes(std::span(separated)));
  return separated;
}

}  // namespace tersor::io
