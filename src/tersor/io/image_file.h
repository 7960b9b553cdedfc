// PNG and JPEG files as pixels, PNG from pixels, and resizing.
#ifndef TERSOR_IO_IMAGE_FILE_H_
#define TERSOR_IO_IMAGE_FILE_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tersor::io {

/// Rows from the top, the channels of a pixel together: [height, width, channels].
struct Image {
  int64_t channels = 0, height = 0, width = 0;
  std::vector<uint8_t> pixels;
};

/// True for names that end in .png, .jpg or .jpeg, in any case.
bool IsImageFile(std::string_view path);

/// Decodes the bytes of a file to 1 (grey) or 3 (red, green, blue) channels; transparency is
/// dropped. Throws Error naming `source`: damaged, another format, larger than 64 megapixels.
Image DecodeImage(std::span<const std::byte> bytes, int64_t channels, const std::string& source);
Image ReadImageFile(const std::string& path, int64_t channels);

/// The bytes of a PNG file of an image with 1 (grey) or 3 (red, green, blue) channels. Throws Error
/// where the channels are others, or the pixels are not as many as the size says.
std::string EncodePng(const Image& image);

/// Writes the file atomically. Throws Error naming the path.
void WritePng(const std::string& path, const Image& image);

/// The whole image at another size: bilinear, over all pixels that a new one covers.
Image Resize(const Image& image, int64_t height, int64_t width);

}  // namespace tersor::io

#endif  // TERSOR_IO_IMAGE_FILE_H_
