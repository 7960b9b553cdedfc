#include <cstddef>
#include <cstdint>

#include "tersor/io/safetensors.h"
#include "tersor/util/error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const auto header = tersor::io::ParseSafetensors(std::as_bytes(std::span(data, size)), "input");
    for (const auto& tensor : header.tensors) {
      // Every byte that the header promises must be there to read.
      volatile unsigned sum = 0;
      for (const std::byte byte : tensor.bytes) {
        sum = sum + std::to_integer<unsigned>(byte);
      }
    }
  } catch (const tersor::Error&) {
  }
  return 0;
}
