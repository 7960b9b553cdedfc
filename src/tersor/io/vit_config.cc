#include "tersor/io/vit_config.h"

#include <filesystem>

#include "tersor/io/config_reader.h"
#include "tersor/util/error.h"

namespace tersor::io {
namespace {

constexpr int64_t kMostClasses = 1 << 20;

/// id2label holds every id from 0 once; transformers counts num_labels, or 2, where it is absent.
std::vector<std::string> ReadLabels(const ConfigReader& in) {
  std::vector<std::string> labels;
  if (!in.Has("id2label")) {
    const int64_t count = in.Int("num_labels", 2);
    TERSOR_CHECK(count >= 1 && count <= kMostClasses, in.source(), ": num_labels is ", count,
                 "; it must be in 1 .. ", kMostClasses);
    for (int64_t id = 0; id < count; ++id) {
      labels.push_back("LABEL_" + std::to_string(id));
    }
    return labels;
  }
  const Json& map = in.At("id2label");
  TERSOR_CHECK(map.is_object() && !map.empty(), in.source(),
               ": field id2label must be an object of names by class");
  labels.resize(map.size());
  std::vector<bool> seen(map.size());
  for (const auto& [key, name] : map.items()) {
    const bool number =
        !key.empty() && key.size() < 8 && key.find_first_not_of("0123456789") == std::string::npos;
    const size_t id = number ? std::stoul(key) : labels.size();
    TERSOR_CHECK(id < labels.size() && !seen[id] && name.is_string(), in.source(),
                 ": field id2label must name each class from 0 to ", labels.size() - 1,
                 " once; look at ", key);
    seen[id] = true;
    labels[id] = name.get<std::string>();
  }
  return labels;
}

}  // namespace

void VitConfig::Validate(const std::string& source) const {
  const auto in_range = [&](const char* field, int64_t value, int64_t high) {
    TERSOR_CHECK(value >= 1 && value <= high, source, ": ", field, " is ", value,
                 "; it must be in 1 .. ", high);
  };
  in_range("hidden_size", hidden_size, 1 << 20);
  in_range("intermediate_size", intermediate_size, 1 << 22);
  in_range("num_hidden_layers", num_hidden_layers, 1 << 12);
  in_range("num_attention_heads", num_attention_heads, 1 << 12);
  in_range("image_size", image_size, 1 << 13);
  in_range("patch_size", patch_size, 1 << 10);
  in_range("num_channels", num_channels, 64);
  in_range("number of classes", classes(), kMostClasses);
  TERSOR_CHECK(hidden_size % num_attention_heads == 0, source, ": hidden_size ", hidden_size,
               " is not a multiple of num_attention_heads ", num_attention_heads);
  TERSOR_CHECK(image_size % patch_size == 0, source, ": image_size ", image_size,
               " is not a multiple of patch_size ", patch_size);
  TERSOR_CHECK(layer_norm_eps > 0 && layer_norm_eps < 1, source, ": layer_norm_eps is ",
               layer_norm_eps, "; it must be above 0 and below 1");
}

VitConfig ParseVitConfig(const Json& json, const std::string& source) {
  TERSOR_CHECK(json.is_object(), source, ": not a JSON object");
  const ConfigReader in(json, source);
  const std::string type = in.Text("model_type", "");
  TERSOR_CHECK(type == "vit", source, ": model_type ",
               type.empty() ? "is missing" : type + " is no image model", "; supported: vit");
  const std::string activation = in.Text("hidden_act", "gelu");
  TERSOR_CHECK(activation == "gelu", source, ": hidden_act ", activation,
               " is not supported; supported: gelu");
  VitConfig config;
  config.hidden_size = in.Int("hidden_size", 768);
  config.intermediate_size = in.Int("intermediate_size", 3072);
  config.num_hidden_layers = in.Int("num_hidden_layers", 12);
  config.num_attention_heads = in.Int("num_attention_heads", 12);
  config.image_size = in.Int("image_size", 224);
  config.patch_size = in.Int("patch_size", 16);
  config.num_channels = in.Int("num_channels", 3);
  config.qkv_bias = in.Bool("qkv_bias", true);
  config.layer_norm_eps = in.Number("layer_norm_eps", 1e-12);
  config.initializer_range = in.Number("initializer_range", 0.02);
  config.labels = ReadLabels(in);
  config.quantization = ReadQuantization(in);
  TERSOR_CHECK(!config.quantization || !config.quantization->packed(), source,
               ": weights are packed for the runtime, which is not supported for image models");
  config.Validate(source);
  return config;
}

VitConfig ReadVitConfig(const std::string& folder) {
  const std::string path = folder + "/config.json";
  return ParseVitConfig(ReadJsonFile(path), path);
}

Json ToJson(const VitConfig& c) {
  Json json = {{"architectures", {"ViTForImageClassification"}},
               {"model_type", "vit"},
               {"hidden_size", c.hidden_size},
               {"intermediate_size", c.intermediate_size},
               {"num_hidden_layers", c.num_hidden_layers},
               {"num_attention_heads", c.num_attention_heads},
               {"image_size", c.image_size},
               {"patch_size", c.patch_size},
               {"num_channels", c.num_channels},
               {"qkv_bias", c.qkv_bias},
               {"hidden_act", "gelu"},
               {"layer_norm_eps", c.layer_norm_eps},
               {"initializer_range", c.initializer_range},
               {"hidden_dropout_prob", 0.0},
               {"attention_probs_dropout_prob", 0.0}};
  if (c.quantization) {
    json["quantization_config"] = ToJson(*c.quantization);
  }
  json["id2label"] = Json::object();
  json["label2id"] = Json::object();
  for (size_t id = 0; id < c.labels.size(); ++id) {
    json["id2label"][std::to_string(id)] = c.labels[id];
    json["label2id"][c.labels[id]] = id;
  }
  return json;
}

std::vector<TensorShape> ExpectedTensors(const VitConfig& c) {
  const int64_t width = c.hidden_size;
  std::vector<TensorShape> list;
  const auto with_bias = [&](const std::string& name, std::vector<int64_t> shape, bool bias) {
    const int64_t out = shape[0];
    list.push_back({name + ".weight", std::move(shape)});
    if (bias) {
      list.push_back({name + ".bias", {out}});
    }
  };
  list.push_back({"vit.embeddings.cls_token", {1, 1, width}});
  list.push_back({"vit.embeddings.position_embeddings", {1, c.tokens(), width}});
  with_bias("vit.embeddings.patch_embeddings.projection",
            {width, c.num_channels, c.patch_size, c.patch_size}, true);
  for (int64_t layer = 0; layer < c.num_hidden_layers; ++layer) {
    const std::string block = "vit.encoder.layer." + std::to_string(layer) + ".";
    for (const char* part : {"query", "key", "value"}) {
      with_bias(block + "attention.attention." + part, {width, width}, c.qkv_bias);
    }
    with_bias(block + "attention.output.dense", {width, width}, true);
    with_bias(block + "intermediate.dense", {c.intermediate_size, width}, true);
    with_bias(block + "output.dense", {width, c.intermediate_size}, true);
    with_bias(block + "layernorm_before", {width}, true);
    with_bias(block + "layernorm_after", {width}, true);
  }
  with_bias("vit.layernorm", {width}, true);
  with_bias("classifier", {c.classes(), width}, true);
  return list;
}

std::string ReadModelType(const std::string& folder) {
  TERSOR_CHECK(std::filesystem::is_directory(folder), folder,
               ": no such folder; a model is a folder with config.json and model.safetensors");
  const std::string path = folder + "/config.json";
  const Json json = ReadJsonFile(path);
  TERSOR_CHECK(json.is_object(), path, ": not a JSON object");
  return ConfigReader(json, path).Text("model_type", "");
}

}  // namespace tersor::io
