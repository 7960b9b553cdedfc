#include <cstddef>
#include <cstdint>
#include <string_view>

#include "tersor/io/tokenizer.h"
#include "tersor/util/error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const auto tokenizer = tersor::io::ParseBpeTokenizer(text, "input");
    tokenizer->Decode(tokenizer->Encode(text.substr(0, 256), /*parse_special=*/true));
  } catch (const tersor::Error&) {
  }
  return 0;
}
