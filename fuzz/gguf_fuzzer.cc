// GGUF headers on arbitrary bytes: they either parse or throw Error with one line. Of what parses,
// every value and every byte of data is there to read, the values can be read as each type, and a
// tokenizer among them encodes any text or is refused.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "tersor/io/gguf.h"
#include "tersor/io/gguf_tokenizer.h"
#include "tersor/util/error.h"

namespace {

using tersor::io::GgufHeader;

void ExpectOneLine(const tersor::Error& e) {
  if (std::string_view(e.what()).find('\n') != std::string_view::npos) {
    std::abort();
  }
}

template <typename Read>
void Try(const Read& read) {
  try {
    read();
  } catch (const tersor::Error& e) {
    ExpectOneLine(e);
  }
}

void ReadAll(const GgufHeader& header) {
  for (const auto& [key, value] : header.metadata.entries()) {
    Try([&, &key = key] { header.metadata.Int(key); });
    Try([&, &key = key] { header.metadata.Number(key); });
    Try([&, &key = key] { header.metadata.Bool(key, false); });
    Try([&, &key = key] { header.metadata.String(key); });
    Try([&, &key = key] { header.metadata.Strings(key); });
    Try([&, &key = key] { header.metadata.Ints(key); });
    Try([&, &key = key] { header.metadata.Numbers(key); });
  }
  for (const auto& tensor : header.tensors) {
    volatile unsigned sum = 0;
    for (const std::byte byte : tensor.bytes) {
      sum = sum + std::to_integer<unsigned>(byte);
    }
    Try([&] { tensor.ToFloats(); });
  }
  Try([&] {
    const auto tokenizer = tersor::io::LoadGgufTokenizer(header.metadata);
    for (const bool parse_special : {false, true}) {
      const std::vector<int32_t> ids =
          tokenizer->Encode(" I'm  12345\tcaf\xc3\xa9 abab<s> \xff\xc3\n", parse_special);
      tokenizer->Decode(ids);
    }
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Try([&] { ReadAll(tersor::io::ParseGguf(std::as_bytes(std::span(data, size)), "input")); });
  return 0;
}
