#include <cstdint>
#include <string_view>

#include "tersor/io/clip_file.h"
#include "tersor/util/error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto description = tersor::io::ParseClipSet(text, "dataset.json");
    // What is accepted can be written and read again.
    tersor::io::ParseClipSet(tersor::io::ClipSetJson(description).dump(), "again");
  } catch (const tersor::Error&) {
  }
  return 0;
}
