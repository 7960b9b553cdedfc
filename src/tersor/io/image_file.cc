#include "tersor/io/image_file.h"

#include <algorithm>
#include <cctype>
#include <limits>
#include <memory>

#include "tersor/util/error.h"
#include "tersor/util/file.h"

// The decoders are compiled here, and only those that are named, so that nothing else is reachable
// from a file.
#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_PNG
#define STBI_ONLY_JPEG
#define STBI_NO_STDIO
#include <stb/stb_image.h>
#define STB_IMAGE_RESIZE_IMPLEMENTATION
#define STB_IMAGE_RESIZE_STATIC
#include <stb/stb_image_resize.h>
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO
#include <stb/stb_image_write.h>

namespace tersor::io {
namespace {

constexpr int64_t kMostPixels = int64_t{64} << 20;

struct StbDeleter {
  void operator()(stbi_uc* pixels) const { stbi_image_free(pixels); }
};

}  // namespace

bool IsImageFile(std::string_view path) {
  const size_t dot = path.rfind('.');
  if (dot == std::string_view::npos) {
    return false;
  }
  std::string ending(path.substr(dot));
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return ending == ".png" || ending == ".jpg" || ending == ".jpeg";
}

Image DecodeImage(std::span<const std::byte> bytes, int64_t channels, const std::string& source) {
  TERSOR_CHECK(bytes.size() <= static_cast<size_t>(std::numeric_limits<int>::max()), source,
               ": the file is too large");
  const auto* data = reinterpret_cast<const stbi_uc*>(bytes.data());
  const int size = static_cast<int>(bytes.size());
  int width = 0, height = 0, stored = 0;
  TERSOR_CHECK(stbi_info_from_memory(data, size, &width, &height, &stored) != 0, source,
               ": cannot be read as PNG or JPEG");
  // Known before anything is allocated.
  TERSOR_CHECK(static_cast<int64_t>(width) * height <= kMostPixels, source, ": ", width, " x ",
               height, " pixels are too many; at most ", kMostPixels, " are read");
  const std::unique_ptr<stbi_uc, StbDeleter> pixels(
      stbi_load_from_memory(data, size, &width, &height, &stored, static_cast<int>(channels)));
  TERSOR_CHECK(pixels != nullptr, source, ": cannot be decoded (", stbi_failure_reason(), ")");
  Image image{channels, height, width, {}};
  image.pixels.assign(pixels.get(), pixels.get() + channels * height * width);
  return image;
}

Image ReadImageFile(const std::string& path, int64_t channels) {
  const MappedFile file(path);
  return DecodeImage(file.bytes(), channels, path);
}

std::string EncodePng(const Image& image) {
  TERSOR_CHECK((image.channels == 1 || image.channels == 3) && image.height > 0 &&
                   image.width > 0 && image.height * image.width <= kMostPixels &&
                   std::ssize(image.pixels) == image.channels * image.height * image.width,
               "an image of ", image.width, " x ", image.height, " pixels with ", image.channels,
               " channels and ", image.pixels.size(), " values cannot be written as PNG");
  std::string bytes;
  const auto append = [](void* target, void* data, int size) {
    static_cast<std::string*>(target)->append(static_cast<const char*>(data),
                                              static_cast<size_t>(size));
  };
  const int row = static_cast<int>(image.channels * image.width);
  TERSOR_CHECK(stbi_write_png_to_func(
                   append, &bytes, static_cast<int>(image.width), static_cast<int>(image.height),
                   static_cast<int>(image.channels), image.pixels.data(), row) != 0,
               "an image of ", image.width, " x ", image.height,
               " pixels cannot be written as PNG: no memory");
  return bytes;
}

void WritePng(const std::string& path, const Image& image) {
  WriteFileAtomically(path, EncodePng(image));
}

Image Resize(const Image& image, int64_t height, int64_t width) {
  if (image.height == height && image.width == width) {
    return image;
  }
  Image out{image.channels, height, width, {}};
  out.pixels.resize(static_cast<size_t>(image.channels * height * width));
  const int done = stbir_resize_uint8_generic(
      image.pixels.data(), static_cast<int>(image.width), static_cast<int>(image.height), 0,
      out.pixels.data(), static_cast<int>(width), static_cast<int>(height), 0,
      static_cast<int>(image.channels), STBIR_ALPHA_CHANNEL_NONE, 0, STBIR_EDGE_CLAMP,
      STBIR_FILTER_TRIANGLE, STBIR_COLORSPACE_LINEAR, nullptr);
  TERSOR_CHECK(done != 0, "an image of ", image.width, " x ", image.height,
               " pixels cannot be resized to ", width, " x ", height);
  return out;
}

}  // namespace tersor::io
