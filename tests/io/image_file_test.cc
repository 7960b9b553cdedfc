#include "tersor/io/image_file.h"

#include <gtest/gtest.h>

#include <span>

#include "tersor/util/error.h"
#include "test_files.h"

namespace tersor::io {
namespace {

Image Pattern(int64_t channels, int64_t height, int64_t width) {
  Image image{channels, height, width, {}};
  for (int64_t i = 0; i < channels * height * width; ++i) {
    image.pixels.push_back(static_cast<uint8_t>(37 * i + i * i / 5));
  }
  return image;
}

TEST(ImageFile, PngComesBackAsWritten) {
  const testing::TemporaryFolder folder;
  for (const int64_t channels : {1, 3}) {
    const Image image = Pattern(channels, 7, 13);
    const std::string path = folder / "image.png";
    WritePng(path, image);
    const Image read = ReadImageFile(path, channels);
    EXPECT_EQ(read.height, 7);
    EXPECT_EQ(read.width, 13);
    EXPECT_EQ(read.pixels, image.pixels);
    EXPECT_EQ(testing::Slurp(path), EncodePng(image));
  }
}

TEST(ImageFile, RefusesImagesThatAreNone) {
  const testing::TemporaryFolder folder;
  Image image = Pattern(3, 4, 4);
  image.pixels.pop_back();
  EXPECT_THROW(EncodePng(image), Error);
  EXPECT_THROW(EncodePng(Pattern(2, 4, 4)), Error);
  EXPECT_THROW(EncodePng(Pattern(3, 0, 4)), Error);
  EXPECT_THROW(WritePng(folder / "no/such/folder.png", Pattern(1, 2, 2)), Error);
}

}  // namespace
}  // namespace tersor::io
