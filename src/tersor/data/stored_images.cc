// Image sets that keep pixels in memory or read them from files.
#include <algorithm>
#include <filesystem>

#include "tersor/data/image_set.h"
#include "tersor/data/text_reader.h"
#include "tersor/io/idx.h"
#include "tersor/io/image_file.h"
#include "tersor/util/error.h"
#include "tersor/util/file.h"
#include "tersor/util/parallel_for.h"
#include "tersor/util/utf8.h"

namespace tersor::data {
namespace {

namespace fs = std::filesystem;

/// Resizes and writes [height, width, channels] as planes; a grey image fills every plane.
void WritePlanes(const io::Image& image, const ImageShape& shape, std::span<uint8_t> out) {
  const io::Image sized = io::Resize(image, shape.side, shape.side);
  const int64_t plane = shape.side * shape.side;
  for (int64_t c = 0; c < shape.channels; ++c) {
    const int64_t from = std::min(c, sized.channels - 1);
    for (int64_t i = 0; i < plane; ++i) {
      out[static_cast<size_t>(c * plane + i)] =
          sized.pixels[static_cast<size_t>(i * sized.channels + from)];
    }
  }
}

void CheckShape(const ImageShape& shape) {
  if (shape.channels != 1 && shape.channels != 3) {
    FailUsage("image.channels must be 1 or 3, not ", shape.channels);
  }
  constexpr int64_t kMostSide = 1 << 13;
  if (shape.side < 1 || shape.side > kMostSide) {
    FailUsage("image.size must be in 1 .. ", kMostSide, ", not ", shape.side);
  }
}

/// Grey images of an IDX file, [count, height, width].
class IdxImages : public ImageSet {
 public:
  IdxImages(std::string file, int64_t height, int64_t width, std::vector<uint8_t> labels,
            std::vector<std::string> classes, const ImageShape& shape)
      : ImageSet(shape, std::move(classes)),
        height_(height),
        width_(width),
        file_(std::move(file)),
        labels_(std::move(labels)) {}

  int64_t size() const override { return static_cast<int64_t>(labels_.size()); }
  int64_t Label(int64_t index) const override { return labels_[static_cast<size_t>(index)]; }
  void Fill(int64_t index, std::span<uint8_t> pixels) const override {
    // The pixels are all that follows the header.
    const int64_t behind = (size() - index) * height_ * width_;
    const auto* from = reinterpret_cast<const uint8_t*>(file_.data() + file_.size()) - behind;
    const ImageShape stored{1, height_};
    if (height_ == width_ && stored == shape()) {
      std::copy_n(from, height_ * width_, pixels.data());
      return;
    }
    WritePlanes({1, height_, width_, {from, from + height_ * width_}}, shape(), pixels);
  }

 private:
  int64_t height_, width_;
  std::string file_;
  std::vector<uint8_t> labels_;
};

struct ImageEntry {
  std::string path;
  int64_t label = 0;
};

class FolderImages : public ImageSet {
 public:
  FolderImages(std::vector<ImageEntry> entries, std::vector<std::string> classes,
               const ImageShape& shape)
      : ImageSet(shape, std::move(classes)), entries_(std::move(entries)) {
    constexpr int64_t kKept = int64_t{1} << 30;  // bytes
    if (size() > kKept / shape.values()) {
      return;
    }
    kept_.resize(static_cast<size_t>(size() * shape.values()));
    ParallelFor(0, size(), 1, [&](int64_t first, int64_t last) {
      for (int64_t i = first; i < last; ++i) {
        Decode(i, std::span(kept_).subspan(static_cast<size_t>(i * shape.values()),
                                           static_cast<size_t>(shape.values())));
      }
    });
  }

  int64_t size() const override { return static_cast<int64_t>(entries_.size()); }
  int64_t Label(int64_t index) const override { return Entry(index).label; }
  void Fill(int64_t index, std::span<uint8_t> pixels) const override {
    if (kept_.empty()) {
      Decode(index, pixels);
    } else {
      std::copy_n(kept_.begin() + index * shape().values(), shape().values(), pixels.begin());
    }
  }

 private:
  const ImageEntry& Entry(int64_t index) const { return entries_[static_cast<size_t>(index)]; }
  void Decode(int64_t index, std::span<uint8_t> pixels) const {
    WritePlanes(io::ReadImageFile(Entry(index).path, shape().channels), shape(), pixels);
  }

  std::vector<ImageEntry> entries_;
  std::vector<uint8_t> kept_;  // [size, channels, side, side], or empty
};

std::vector<std::string> ImagesBelow(const fs::path& folder) {
  std::vector<std::string> paths;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file() && io::IsImageFile(entry.path().string())) {
      paths.push_back(entry.path().string());
    }
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::vector<fs::path> SubFolders(const std::string& folder) {
  TERSOR_CHECK(fs::is_directory(folder), folder,
               ": no such folder; images are a folder with a sub-folder a class, or images:NAME");
  std::vector<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_directory() && !entry.path().filename().string().starts_with('.')) {
      folders.push_back(entry.path());
    }
  }
  std::sort(folders.begin(), folders.end());
  TERSOR_CHECK(!folders.empty(), folder, ": has no sub-folders; each would be a class of images");
  const bool splits = std::all_of(folders.begin(), folders.end(), [](const fs::path& path) {
    const std::string name = path.filename().string();
    return name == "train" || name == "val" || name == "validation" || name == "test";
  });
  TERSOR_CHECK(!splits, folder, ": its sub-folders are splits, not classes; give ",
               folders.front().string(), " and such one by one");
  return folders;
}

}  // namespace

std::shared_ptr<const ImageSet> OpenIdxImages(const std::string& images, const std::string& labels,
                                              const std::vector<std::string>& classes,
                                              const ImageShape& wanted) {
  std::string file = ReadGzip(images);
  const std::string label_bytes = ReadGzip(labels);
  const io::IdxArray pixels = io::ParseIdx(std::as_bytes(std::span(file)), images);
  const io::IdxArray ids = io::ParseIdx(std::as_bytes(std::span(label_bytes)), labels);
  TERSOR_CHECK(pixels.shape.size() == 3 && pixels.shape[1] > 0 && pixels.shape[2] > 0, images,
               ": must have three dimensions: images, rows, columns");
  TERSOR_CHECK(ids.shape.size() == 1, labels, ": must have one dimension");
  TERSOR_CHECK(pixels.shape[0] == ids.shape[0], labels, ": has ", ids.shape[0], " labels, but ",
               images, " has ", pixels.shape[0], " images");
  TERSOR_CHECK(pixels.shape[0] > 0, images, ": has no images");
  for (const uint8_t id : ids.values) {
    TERSOR_CHECK(id < classes.size(), labels, ": label ", static_cast<int>(id), " is outside the ",
                 classes.size(), " classes");
  }
  const ImageShape shape{wanted.channels > 0 ? wanted.channels : 1,
                         wanted.side > 0 ? wanted.side : pixels.shape[1]};
  CheckShape(shape);
  const int64_t height = pixels.shape[1], width = pixels.shape[2];
  return std::make_shared<IdxImages>(std::move(file), height, width,
                                     std::vector<uint8_t>(ids.values.begin(), ids.values.end()),
                                     classes, shape);
}

std::shared_ptr<const ImageSet> OpenImageFolder(const std::string& folder,
                                                const ImageShape& wanted) {
  constexpr ImageShape kDefault{3, 224};  // DeiT's
  const ImageShape shape{wanted.channels > 0 ? wanted.channels : kDefault.channels,
                         wanted.side > 0 ? wanted.side : kDefault.side};
  CheckShape(shape);
  std::vector<ImageEntry> entries;
  std::vector<std::string> classes;
  for (const fs::path& sub : SubFolders(folder)) {
    const std::vector<std::string> paths = ImagesBelow(sub);
    TERSOR_CHECK(!paths.empty(), sub.string(), ": this class has no PNG or JPEG images");
    for (const std::string& path : paths) {
      entries.push_back({path, static_cast<int64_t>(classes.size())});
    }
    classes.push_back(sub.filename().string());
    RepairUtf8(classes.back());
  }
  return std::make_shared<FolderImages>(std::move(entries), std::move(classes), shape);
}

}  // namespace tersor::data
