// tokenizer.json on arbitrary bytes: it either loads or throws Error with one line; what loads
// encodes any text, the start of the file included, and decodes the result to at most four times
// its size. (Not to its bytes: NFC, prefix spaces and tokens that take spaces may change those.)
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "tersor/io/tokenizer.h"
#include "tersor/util/error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view json(reinterpret_cast<const char*>(data), size);
  const std::string text =
      " I'm  12345\tcaf\xc3\xa9 e\xcc\x81 \xff\xc3\n" + std::string(json.substr(0, 256));
  try {
    const auto tokenizer = tersor::io::ParseBpeTokenizer(json, "tokenizer.json");
    for (const bool parse_special : {false, true}) {
      const std::vector<int32_t> ids = tokenizer->Encode(text, parse_special);
      if (tokenizer->Decode(ids).size() > 4 * text.size()) {
        std::abort();
      }
    }
  } catch (const tersor::Error& e) {
    if (std::string_view(e.what()).find('\n') != std::string_view::npos) {
      std::abort();
    }
  }
  return 0;
}
