#include <cstddef>
#include <cstdint>

#include "tersor/io/idx.h"
#include "tersor/util/error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const auto array = tersor::io::ParseIdx(std::as_bytes(std::span(data, size)), "input");
    // Every byte that the header promises must be there to read.
    volatile unsigned sum = 0;
    for (const uint8_t value : array.values) {
      sum = sum + value;
    }
  } catch (const tersor::Error&) {
  }
  return 0;
}
