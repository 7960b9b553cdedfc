#include "tersor/eval/xz.h"

#include <lzma.h>

#include <vector>

#include "tersor/util/error.h"

namespace tersor::eval {

int64_t XzSize(std::string_view text) {
  std::vector<uint8_t> out(::lzma_stream_buffer_bound(text.size()));
  size_t size = 0;
  const lzma_ret result = ::lzma_easy_buffer_encode(
      9 | LZMA_PRESET_EXTREME, LZMA_CHECK_CRC64, /*allocator=*/nullptr,
      reinterpret_cast<const uint8_t*>(text.data()), text.size(), out.data(), &size, out.size());
  TERSOR_CHECK(result == LZMA_OK, "xz failed with code ", static_cast<int>(result),
               "; it needs some 700 MB of memory");
  return static_cast<int64_t>(size);
}

}  // namespace tersor::eval
