#include "tersor/attention/tune_model.h"

#include <ATen/ATen.h>

#include <filesystem>
#include <utility>

#include "tersor/attention/layer_inputs.h"
#include "tersor/util/content_hash.h"
#include "tersor/util/error.h"
#include "tersor/util/file.h"
#include "tersor/util/json.h"
#include "tersor/util/log.h"

namespace tersor::attention {
namespace {

Json HeadJson(const TunedHead& head) {
  return {{"tau", head.settings.tau},
          {"theta", head.settings.theta},
          {"lambda", head.settings.lambda},
          {"l1", head.tuned.relative_l1},
          {"sparsity", head.tuned.sparsity},
          {"held_out_l1", head.held_out.relative_l1},
          {"held_out_sparsity", head.held_out.sparsity},
          {"dense", head.dense}};
}

TunedHead ParseHead(const Json& json) {
  return {{json.at("tau"), json.at("theta"), json.at("lambda")},
          {json.at("l1"), json.at("sparsity")},
          {json.at("held_out_l1"), json.at("held_out_sparsity")},
          json.at("dense")};
}

/// What an interrupted run left, in a file of its own inputs and options.
class PartialResult {
 public:
  PartialResult(std::string path, const std::string& identity)
      : path_(std::move(path)), identity_(identity) {}

  std::vector<std::vector<TunedHead>> Read() const {
    std::vector<std::vector<TunedHead>> layers;
    if (!std::filesystem::exists(path_)) {
      return layers;
    }
    try {
      const Json json = ReadJsonFile(path_);
      if (json.at("identity") != identity_) {
        log::Warn("{} is of a run with other inputs or options; starting anew", path_);
        return layers;
      }
      for (const Json& layer : json.at("layers")) {
        std::vector<TunedHead>& heads = layers.emplace_back();
        for (const Json& head : layer) {
          heads.push_back(ParseHead(head));
        }
      }
    } catch (const std::exception& e) {
      log::Warn("{}: {}; starting anew", path_, e.what());
      layers.clear();
    }
    return layers;
  }

  void Write(const std::vector<std::vector<TunedHead>>& layers) const {
    Json json = {{"identity", identity_}, {"layers", Json::array()}};
    for (const std::vector<TunedHead>& heads : layers) {
      Json layer = Json::array();
      for (const TunedHead& head : heads) {
        layer.push_back(HeadJson(head));
      }
      json["layers"].push_back(layer);
    }
    WriteFileAtomically(path_, json.dump(1));
  }

 private:
  std::string path_, identity_;
};

std::string Identity(const std::string& folder, const at::Tensor& inputs,
                     const at::Tensor& held_out, const TuneOptions& options) {
  ContentHash hash;
  hash.Add(io::ModelFingerprint(folder));
  for (const at::Tensor* tokens : {&inputs, &held_out}) {
    const at::Tensor whole = tokens->contiguous();
    hash.Add({static_cast<const char*>(whole.data_ptr()), whole.nbytes()});
  }
  hash.Add(std::to_string(options.l1) + " " + std::to_string(options.l2) + " " +
           std::to_string(static_cast<int>(options.similarity)) + (options.int8 ? " int8" : "") +
           (options.int8 && options.int8_values ? " values" : ""));
  return hash.Text();
}

/// The samples of query head h among what a layer was given.
std::vector<HeadSample> SamplesOf(std::span<const nn::AttentionInput> inputs, int64_t h) {
  std::vector<HeadSample> samples;
  for (const nn::AttentionInput& in : inputs) {
    const int64_t group = in.query.size(1) / in.key.size(1);
    samples.push_back({in.query.select(0, 0).select(0, h), in.key.select(0, 0).select(0, h / group),
                       in.value.select(0, 0).select(0, h / group), in.scale, in.causal, in.window});
  }
  return samples;
}

}  // namespace

std::vector<std::vector<TunedHead>> TuneModel(const std::string& folder, const at::Tensor& inputs,
                                              const at::Tensor& held_out,
                                              const TuneOptions& options,
                                              const std::string& partial,
                                              const TuneProgress& progress) {
  options.Validate();
  WatchedModel model(folder);
  const io::ModelConfig& config = model.config();
  const int64_t heads = config.num_attention_heads, layers = config.num_hidden_layers;
  const PartialResult file(partial, Identity(folder, inputs, held_out, options));
  std::vector<std::vector<TunedHead>> result = file.Read();
  progress(std::ssize(result) * heads, layers * heads);
  const auto tuned = static_cast<size_t>(inputs.size(0));
  model.VisitLayers(at::cat({inputs, held_out}, 0),
                    [&](int64_t layer, std::span<const nn::AttentionInput> seen) {
                      if (layer < std::ssize(result)) {
                        return;
                      }
                      std::vector<TunedHead> done;
                      for (int64_t h = 0; h < heads; ++h) {
                        const std::vector<HeadSample> samples = SamplesOf(seen, h);
                        done.push_back(TuneHead(std::span(samples).first(tuned),
                                                std::span(samples).subspan(tuned), options));
                        progress(layer * heads + h + 1, layers * heads);
                      }
                      result.push_back(std::move(done));
                      file.Write(result);
                    });
  return result;
}

}  // namespace tersor::attention
