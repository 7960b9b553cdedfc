#include "tersor/io/quantization.h"

#include <string>

#include "tersor/util/error.h"

namespace tersor::io {

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
  TERSOR_CHECK(method == "tersor" && format == "mxfp4", quantization.source(),
               " says that the weights are packed (quant_method '", method, "', format '", format,
               "'); supported: none, or quant_method 'tersor' with format 'mxfp4'");
  const std::string activations = quantization.Text("activations", "none");
  TERSOR_CHECK(activations == "none" || activations == "mxfp4", quantization.source(),
               ": activations '", activations, "' are not known; there are: none, mxfp4");
  return Quantization{.round_activations = activations == "mxfp4"};
}

Json ToJson(const Quantization& quantization) {
  return {{"quant_method", "tersor"},
          {"format", "mxfp4"},
          {"activations", quantization.round_activations ? "mxfp4" : "none"}};
}

}  // namespace tersor::io
