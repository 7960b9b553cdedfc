#include "tersor/io/attention_settings.h"

#include <algorithm>
#include <cmath>
#include <string_view>

#include "tersor/io/safetensors.h"
#include "tersor/util/content_hash.h"
#include "tersor/util/error.h"
#include "tersor/util/file.h"
#include "tersor/util/json.h"

namespace tersor::io {
namespace {

constexpr size_t kSampledBytes = 4096;  // of each tensor

double Number(const Json& json, const char* key, double low, double high,
              const std::string& where) {
  const auto found = json.find(key);
  TERSOR_CHECK(found != json.end() && found->is_number(), where, ": '", key, "' is no number");
  const double value = found->get<double>();
  TERSOR_CHECK(value >= low && value <= high, where, ": '", key, "' is ", value, ", not in [", low,
               ", ", high, "]");
  return value;
}

std::string Text(const Json& json, const char* key, const std::string& where) {
  const auto found = json.find(key);
  TERSOR_CHECK(found != json.end() && found->is_string(), where, ": '", key, "' is no text");
  return found->get<std::string>();
}

HeadSettings ParseHead(const Json& json, const std::string& where) {
  TERSOR_CHECK(json.is_object(), where, " is no object");
  constexpr double kLowestLambda = -1e6;
  return {Number(json, "tau", 0, 1, where), Number(json, "theta", -1, 1, where),
          Number(json, "lambda", kLowestLambda, 0, where)};
}

}  // namespace

AttentionSettings ParseAttentionSettings(std::string_view text, const std::string& source) {
  const Json json = ParseJson(text, source);
  TERSOR_CHECK(
      json.is_object() && json.contains("format") && json["format"] == "tersor-attention-1", source,
      ": 'format' is not tersor-attention-1; `tersor attention tune` writes such files");
  AttentionSettings settings;
  settings.model = Text(json, "model", source);
  settings.similarity = Text(json, "similarity", source);
  TERSOR_CHECK(settings.similarity == "cosine" || settings.similarity == "gram", source,
               ": 'similarity' is neither cosine nor gram");
  TERSOR_CHECK(json.contains("int8") && json["int8"].is_boolean(), source,
               ": 'int8' is neither true nor false");
  settings.int8 = json["int8"];
  TERSOR_CHECK(!json.contains("int8_values") || json["int8_values"].is_boolean(), source,
               ": 'int8_values' is neither true nor false");
  settings.int8_values = json.value("int8_values", false);
  settings.l1 = Number(json, "l1", 0, 1, source);
  settings.l2 = Number(json, "l2", 0, 1, source);
  TERSOR_CHECK(json.contains("layers") && json["layers"].is_array(), source,
               ": 'layers' is no list");
  for (const Json& layer : json["layers"]) {
    const std::string where = source + ": layer " + std::to_string(settings.layers.size());
    TERSOR_CHECK(layer.is_array(), where, " is no list of heads");
    std::vector<HeadSettings>& heads = settings.layers.emplace_back();
    for (const Json& head : layer) {
      heads.push_back(ParseHead(head, where + ", head " + std::to_string(heads.size())));
    }
  }
  return settings;
}

AttentionSettings ReadAttentionSettings(const std::string& path) {
  return ParseAttentionSettings(ReadFile(path), path);
}

void WriteAttentionSettings(const std::string& path, const AttentionSettings& settings) {
  Json layers = Json::array();
  for (const std::vector<HeadSettings>& layer : settings.layers) {
    Json heads = Json::array();
    for (const HeadSettings& head : layer) {
      heads.push_back({{"tau", head.tau}, {"theta", head.theta}, {"lambda", head.lambda}});
    }
    layers.push_back(heads);
  }
  const Json json = {{"format", "tersor-attention-1"},
                     {"model", settings.model},
                     {"similarity", settings.similarity},
                     {"int8", settings.int8},
                     {"int8_values", settings.int8_values},
                     {"l1", settings.l1},
                     {"l2", settings.l2},
                     {"layers", layers}};
  WriteFileAtomically(path, json.dump(1) + "\n");
}

void CheckSettingsFit(const AttentionSettings& settings, const std::string& path,
                      const ModelConfig& config, const std::string& folder) {
  const auto fits = [&](const std::vector<HeadSettings>& heads) {
    return std::ssize(heads) == config.num_attention_heads;
  };
  TERSOR_CHECK(std::ssize(settings.layers) == config.num_hidden_layers &&
                   std::ranges::all_of(settings.layers, fits),
               path, ": was tuned for another model than ", folder, ", of ",
               config.num_hidden_layers, " layers with ", config.num_attention_heads,
               " heads; run `tersor attention tune` for it");
  TERSOR_CHECK(settings.model == ModelFingerprint(folder), path,
               ": was tuned for other weights than those in ", folder,
               "; run `tersor attention tune` for them");
}

std::string ModelFingerprint(const std::string& folder) {
  const TensorStore store = TensorStore::Open(folder);
  ContentHash hash;
  for (const auto& [name, tensor] : store.tensors()) {
    hash.Add(name);
    hash.Add(Name(tensor.dtype));
    for (const int64_t size : tensor.shape) {
      hash.Add(std::to_string(size));
    }
    const auto bytes = tensor.bytes.first(std::min(kSampledBytes, tensor.bytes.size()));
    hash.Add({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
  return hash.Text();
}

}  // namespace tersor::io
