// A chat template of arbitrary bytes on a conversation with tools: it renders valid UTF-8, or
// throws Error with one line.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tersor/io/chat_template.h"
#include "tersor/util/error.h"
#include "tersor/util/utf8.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const tersor::Json messages = tersor::Json::parse(R"([
      {"role": "system", "content": "Be brief."},
      {"role": "user", "content": [{"type": "text", "text": " caf\u00e9 "}]},
      {"role": "assistant", "content": null,
       "tool_calls": [{"function": {"name": "f", "arguments": {"x": [1, 2.5, true]}}}]},
      {"role": "tool", "content": "1"}])");
  static const tersor::Json tools = tersor::Json::parse(
      R"([{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}])");
  try {
    const auto chat = tersor::io::ChatTemplate::Parse(
        std::string_view(reinterpret_cast<const char*>(data), size), "input");
    const std::string text = chat.Render(messages, true, tools);
    if (tersor::ValidPrefix(text) != text.size()) {
      std::abort();
    }
  } catch (const tersor::Error& e) {
    const std::string_view line = e.what();
    if (line.find('\n') != std::string_view::npos || tersor::ValidPrefix(line) != line.size()) {
      std::abort();
    }
  }
  return 0;
}
