// Image sets: IDX files and folders, good and hostile.
#include "tersor/data/image_set.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "data/image_files.h"
#include "tersor/io/image_file.h"
#include "tersor/util/error.h"

namespace tersor::data {
namespace {

using testing::IdxBytes;
using testing::PngBytes;
using testing::Spill;
using testing::SpillGzip;

/// The call fails with one line that has these parts.
void ExpectError(const std::function<void()>& call, const std::vector<std::string>& parts) {
  try {
    call();
    ADD_FAILURE() << "accepted; expected: " << parts.front();
  } catch (const Error& e) {
    const std::string what = e.what();
    EXPECT_EQ(what.find('\n'), std::string::npos) << what;
    for (const std::string& part : parts) {
      EXPECT_NE(what.find(part), std::string::npos) << what << "\nlacks: " << part;
    }
  }
}

std::vector<uint8_t> PixelsOf(const ImageSet& images, int64_t index) {
  std::vector<uint8_t> pixels(static_cast<size_t>(images.shape().values()));
  images.Fill(index, pixels);
  return pixels;
}

class IdxImages : public ::testing::Test {
 protected:
  void Write(const std::string& images, const std::string& labels) {
    SpillGzip(images_, images);
    SpillGzip(labels_, labels);
  }
  std::shared_ptr<const ImageSet> Open(const ImageShape& wanted = {}) const {
    return OpenIdxImages(images_, labels_, {"a", "b"}, wanted);
  }

  testing::TemporaryFolder folder_;
  std::string images_ = folder_ / "images.gz", labels_ = folder_ / "labels.gz";
};

TEST_F(IdxImages, GivesPixelsAndLabels) {
  Write(IdxBytes({3, 2, 2}, "abcdefghijkl"), IdxBytes({3}, {0, 1, 1}));
  const auto set = Open();
  ASSERT_EQ(set->size(), 3);
  EXPECT_EQ(set->shape(), (ImageShape{1, 2}));
  EXPECT_EQ(set->Label(0), 0);
  EXPECT_EQ(set->Label(2), 1);
  EXPECT_EQ(PixelsOf(*set, 1), (std::vector<uint8_t>{'e', 'f', 'g', 'h'}));
  // Color planes are copies of the grey one.
  EXPECT_EQ(PixelsOf(*Open({3, 2}), 2),
            (std::vector<uint8_t>{'i', 'j', 'k', 'l', 'i', 'j', 'k', 'l', 'i', 'j', 'k', 'l'}));
}

TEST_F(IdxImages, ResizesToASquare) {
  // Columns of 0 and 200: half the width averages pairs, and a constant stays what it is.
  Write(IdxBytes({2, 2, 4}, std::string("\0\0\xc8\xc8\0\0\xc8\xc8", 8) + std::string(8, 'x')),
        IdxBytes({2}, {0, 1}));
  const auto set = Open({1, 8});
  EXPECT_EQ(PixelsOf(*set, 1), std::vector<uint8_t>(64, 'x'));
  const std::vector<uint8_t> wide = PixelsOf(*set, 0);
  EXPECT_EQ(wide[0], 0);
  EXPECT_EQ(wide[7], 200);
  EXPECT_LT(wide[3], wide[4]);
}

TEST_F(IdxImages, RefusesDamagedFiles) {
  const std::string labels = IdxBytes({2}, {0, 1});
  const std::string images = IdxBytes({2, 2, 2}, "abcdefgh");
  Write(images.substr(0, images.size() - 1), labels);
  ExpectError([&] { Open(); }, {"images.gz", "truncated", "7 of 8"});
  Write(images.substr(0, 9), labels);
  ExpectError([&] { Open(); }, {"images.gz", "truncated", "header"});
  Write(images + "z", labels);
  ExpectError([&] { Open(); }, {"images.gz", "1 bytes too many"});
  Write("PNG or so", labels);
  ExpectError([&] { Open(); }, {"images.gz", "not an IDX file"});
  Write(std::string("\0\0\x0d\1\0\0\0\1", 8) + "abcd", labels);
  ExpectError([&] { Open(); }, {"IDX type 13"});
  Write(IdxBytes({0xffffffff, 0xffffffff, 0xffffffff}, "a"), labels);
  ExpectError([&] { Open(); }, {"too large"});
  Write(IdxBytes({8}, "abcdefgh"), labels);
  ExpectError([&] { Open(); }, {"three dimensions"});
  Write(IdxBytes({0, 2, 2}, ""), IdxBytes({0}, ""));
  ExpectError([&] { Open(); }, {"no images"});
  Write(images, IdxBytes({3}, {0, 1, 1}));
  ExpectError([&] { Open(); }, {"3 labels", "2 images"});
  Write(images, IdxBytes({2}, {0, 2}));
  ExpectError([&] { Open(); }, {"labels.gz", "label 2 is outside the 2 classes"});
  Write(images, labels);
  const std::string packed = testing::Slurp(images_);
  Spill(images_, packed.substr(0, packed.size() - 6));
  ExpectError([&] { Open(); }, {"images.gz", "not a whole gzip file"});
  ExpectError([&] { OpenIdxImages(folder_ / "none.gz", labels_, {"a"}, {}); }, {"none.gz"});
}

class ImageFolder : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"cat/deep", "dog"}) {
      std::filesystem::create_directories(folder_ / name);
    }
    Spill(folder_ / "dog/b.png", PngBytes(3, 1, 2, "abcdef"));
    Spill(folder_ / "dog/a.PNG", PngBytes(1, 2, 2, "wxyz"));
    Spill(folder_ / "dog/notes.txt", "no image");
    Spill(folder_ / "cat/deep/c.png", PngBytes(3, 3, 3, std::string(27, 'q')));
  }
  testing::TemporaryFolder folder_;
};

TEST_F(ImageFolder, GivesClassesInOrder) {
  const auto set = OpenImageFolder(folder_.path(), {3, 2});
  EXPECT_EQ(set->classes(), (std::vector<std::string>{"cat", "dog"}));
  ASSERT_EQ(set->size(), 3);
  EXPECT_EQ(set->Label(0), 0);
  EXPECT_EQ(set->Label(1), 1);
  EXPECT_EQ(PixelsOf(*set, 0), std::vector<uint8_t>(12, 'q'));
  EXPECT_EQ(PixelsOf(*set, 1),
            (std::vector<uint8_t>{'w', 'x', 'y', 'z', 'w', 'x', 'y', 'z', 'w', 'x', 'y', 'z'}));
  // 1 x 2 pixels to 2 x 2: the rows are equal, the planes apart.
  EXPECT_EQ(PixelsOf(*set, 2),
            (std::vector<uint8_t>{'a', 'd', 'a', 'd', 'b', 'e', 'b', 'e', 'c', 'f', 'c', 'f'}));
  EXPECT_EQ(OpenImageFolder(folder_.path(), {})->shape(), (ImageShape{3, 224}));
}

TEST_F(ImageFolder, SaysWhatIsWrong) {
  const auto open = [&] { OpenImageFolder(folder_.path(), {3, 2}); };
  std::filesystem::create_directories(folder_ / "emu");
  ExpectError(open, {"emu", "no PNG or JPEG images"});
  for (const auto& [name, bytes] :
       {std::pair<std::string, std::string>{"a.jpg", "no jpeg at all"},
        {"b.jpeg", std::string("\xff\xd8\xff\xe0", 4)},
        {"c.png", PngBytes(3, 3, 3, std::string(27, 'q')).substr(0, 50)},
        {"d.png", ""}}) {
    Spill(folder_ / "emu/" + name, bytes);
    ExpectError(open, {"emu/" + name, "cannot be"});
    std::filesystem::remove(folder_ / "emu/" + name);
  }
  // A header of 10,000 x 10,000 pixels in a file of some bytes.
  Spill(folder_ / "emu/huge.png", PngBytes(3, 10000, 10000, ""));
  ExpectError(open, {"emu/huge.png", "10000 x 10000 pixels are too many"});
  ExpectError([&] { OpenImageFolder(folder_ / "dog", {}); }, {"dog", "has no sub-folders"});
  ExpectError([&] { OpenImageFolder(folder_ / "none", {}); }, {"none", "no such folder"});
  ExpectError([&] { OpenImageFolder(folder_.path(), {2, 0}); }, {"image.channels", "not 2"});
  ExpectError([&] { OpenImageFolder(folder_.path(), {3, 1 << 20}); }, {"image.size"});
}

TEST_F(ImageFolder, TellsSplitsFromClasses) {
  std::filesystem::create_directories(folder_ / "set/train/cat");
  std::filesystem::create_directories(folder_ / "set/val/cat");
  ExpectError([&] { OpenImageFolder(folder_ / "set", {}); }, {"splits, not classes"});
}

TEST(ImageSet, NamesAndSplits) {
  EXPECT_TRUE(IsImageSetName("images:fashion-mnist"));
  EXPECT_FALSE(IsImageSetName("images/"));
  ExpectError([] { OpenImages("images:nothing", "train", {}); },
              {"no image set nothing", "fashion-mnist"});
  ExpectError([] { OpenImages("images:fashion-mnist/dev", "train", {}); }, {"no split dev"});
}

TEST(ImageSet, FashionMnist) {
  const auto train = OpenImages("images:fashion-mnist", "train", {});
  const auto validation = OpenImages("images:fashion-mnist", "validation", {});
  const auto test = OpenImages("images:fashion-mnist/test", "train", {});
  EXPECT_EQ(train->size(), 55000);
  EXPECT_EQ(validation->size(), 5000);
  EXPECT_EQ(test->size(), 10000);
  EXPECT_EQ(train->shape(), (ImageShape{1, 28}));
  // The first labels as the set's own page shows them: an ankle boot, then two T-shirts.
  EXPECT_EQ(train->classes()[static_cast<size_t>(train->Label(0))], "Ankle boot");
  EXPECT_EQ(train->classes()[static_cast<size_t>(train->Label(1))], "T-shirt/top");
  EXPECT_EQ(train->Label(2), train->Label(1));
  std::vector<int> count(10);
  for (int64_t i = 0; i < test->size(); ++i) {
    ++count[static_cast<size_t>(test->Label(i))];
  }
  EXPECT_EQ(count, std::vector<int>(10, 1000));
  const io::ImagePreprocessor measured = MeasureChannels(*train);
  EXPECT_NEAR(measured.mean[0], 0.286, 0.003);
  EXPECT_NEAR(measured.std[0], 0.353, 0.003);
}

TEST(ImageSet, HoldsOutEveryTwentiethOfAClass) {
  const testing::TemporaryFolder folder;
  std::string labels;
  for (int i = 0; i < 60; ++i) {
    labels += static_cast<char>(i % 3 == 0);  // 20 of class 1, 40 of class 0
  }
  SpillGzip(folder / "i", IdxBytes({60, 1, 1}, labels));
  SpillGzip(folder / "l", IdxBytes({60}, labels));
  const auto whole = OpenIdxImages(folder / "i", folder / "l", {"a", "b"}, {});
  const HeldOut parts = HoldOutImages(whole);
  ASSERT_NE(parts.held, nullptr);
  EXPECT_EQ(parts.held->size(), 3);
  EXPECT_EQ(parts.kept->size(), 57);
  for (const auto& part : {parts.held, parts.kept}) {
    for (int64_t i = 0; i < part->size(); ++i) {
      EXPECT_EQ(PixelsOf(*part, i)[0], part->Label(i));
    }
  }
  const HeldOut none = HoldOutImages(parts.held);
  EXPECT_EQ(none.held, nullptr);
  EXPECT_EQ(none.kept->size(), 3);
}

TEST(ImageSet, MeasuresChannels) {
  const testing::TemporaryFolder folder;
  std::filesystem::create_directories(folder / "a");
  // Red 0 and 100, green 50, blue 255 and 0.
  Spill(folder / "a/x.png", PngBytes(3, 1, 1, std::string("\0\x32\xff", 3)));
  Spill(folder / "a/y.png", PngBytes(3, 1, 1, std::string("\x64\x32\0", 3)));
  const io::ImagePreprocessor measured = MeasureChannels(*OpenImageFolder(folder.path(), {3, 1}));
  EXPECT_FLOAT_EQ(measured.mean[0], 50.0f / 255);
  EXPECT_FLOAT_EQ(measured.mean[1], 50.0f / 255);
  EXPECT_FLOAT_EQ(measured.mean[2], 0.5f);
  EXPECT_FLOAT_EQ(measured.std[0], 50.0f / 255);
  EXPECT_FLOAT_EQ(measured.std[1], 1.0f / 255);  // at least one step of a pixel
  EXPECT_FLOAT_EQ(measured.std[2], 0.5f);
}

}  // namespace
}  // namespace tersor::data
