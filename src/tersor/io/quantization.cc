#include "tersor/io/quantization.h"

#include <algorithm>
#include <string>

#include "tersor/util/error.h"

namespace tersor::io {
namespace {

constexpr const char* kFormats[] = {"mxfp4", "sparse-f32", "sparse-bf16", "sparse-int8"};

}  // namespace

std::optional<Quantization> ReadQuantization(const ConfigReader& config) {
  constexpr const char* kKey = "quantization_config";
  if (!config.Has(kKey)) {
    return std::nullopt;
  }
  TERSOR_CHECK(config.At(kKey).is_object(), config.source(), ": field ", kKey,
               " must be an object");
  const ConfigReader quantization(config.At(kKey), config.source() + ": " + kKey);
  const std::string method = quantization.Text("quant_method", "");
  const std::string format = quantization.Text("format", "");
  const bool known =
      std::find(std::begin(kFormats), std::end(kFormats), format) != std::end(kFormats);
  TERSOR_CHECK(method == "tersor" && known, quantization.source(),
               " says that the weights are packed (quant_method '", method, "', format '", format,
               "'); supported: none, or quant_method 'tersor' with format 'mxfp4', 'sparse-f32', "
               "'sparse-bf16' or 'sparse-int8'");
  const std::string activations = quantization.Text("activations", "none");
  TERSOR_CHECK(activations == "none" || (activations == "mxfp4" && format == "mxfp4"),
               quantization.source(), ": activations '", activations, "' do not go with format '",
               format, "'; there are: none, and mxfp4 with mxfp4");
  return Quantization{.round_activations = activations == "mxfp4", .format = format};
}

Json ToJson(const Quantization& quantization) {
  return {{"quant_method", "tersor"},
          {"format", quantization.format},
          {"activations", quantization.round_activations ? "mxfp4" : "none"}};
}

}  // namespace tersor::io
