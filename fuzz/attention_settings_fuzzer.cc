#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "tersor/io/attention_settings.h"
#include "tersor/util/error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const tersor::io::AttentionSettings settings = tersor::io::ParseAttentionSettings(
        std::string_view(reinterpret_cast<const char*>(data), size), "attention.json");
    for (const auto& layer : settings.layers) {
      for (const tersor::io::HeadSettings& head : layer) {
        if (!(head.tau >= 0 && head.tau <= 1 && head.lambda <= 0)) {
          std::abort();
        }
      }
    }
  } catch (const tersor::Error&) {
  }
  return 0;
}
