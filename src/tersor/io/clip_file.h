// Labelled video clips: a folder of shards and a description, which any language reads.
//
//   dataset.json             {"format": "tersor-clips-1", "classes": [names], "frames", "height",
//                            "width", "channels": 3, "fps", "clips",
//                            "splits": {"train": [first, end], "validation": [first, end]},
//                            "shards": [{"file", "clips", "hash"}], "hash", "origin": {...}}
//   clips-00000.safetensors  `labels` I64 [clips], indices into classes; `clips` U8
//                            [clips, frames, height, width, 3]: red, green, blue, rows from the top
//
// A clip's number counts through the shards. io/clip_writer.h writes such folders.
#ifndef TERSOR_IO_CLIP_FILE_H_
#define TERSOR_IO_CLIP_FILE_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tersor/io/safetensors.h"
#include "tersor/util/json.h"

namespace tersor::io {

/// Clips [frames, height, width, 3].
struct ClipShape {
  static constexpr int64_t kChannels = 3;
  int64_t frames = 0, height = 0, width = 0;

  constexpr int64_t bytes() const { return frames * height * width * kChannels; }
  bool operator==(const ClipShape&) const = default;
};

struct ClipShard {
  std::string file;  // name within the folder
  int64_t clips = 0;
  std::string hash;  // of its labels and clips
};

struct ClipSetDescription {
  std::vector<std::string> classes;
  ClipShape shape;
  double fps = 0;                // frames a second
  int64_t train = 0, clips = 0;  // clips [0, train) are for training, the rest for validation
  std::vector<ClipShard> shards;
  std::string hash;              // of all shards' hashes
  Json origin = Json::object();  // how the clips were made
};

/// The contents of dataset.json. Throws Error naming `source` and the field: absent, of another
/// type, out of range (sizes from 1 to 4096), a class that is named twice, a shard that lies
/// elsewhere, numbers of clips that do not add up.
ClipSetDescription ParseClipSet(std::string_view json, const std::string& source);

/// What ParseClipSet reads.
Json ClipSetJson(const ClipSetDescription& description);

/// Throws Error naming `source` and the field: classes, sizes or frames a second out of range.
void CheckClipClasses(const std::vector<std::string>& classes, const std::string& source);
void CheckClipShape(const ClipShape& shape, double fps, const std::string& source);

/// One shard, mapped. Throws Error naming the file and the tensor where it does not hold clips of
/// this shape with labels below `classes`.
class ClipShardFile {
 public:
  ClipShardFile(const std::string& path, const ClipShape& shape, int64_t classes);

  int64_t clips() const { return static_cast<int64_t>(labels_.size()); }
  int64_t label(int64_t clip) const { return labels_[static_cast<size_t>(clip)]; }
  std::span<const uint8_t> clip(int64_t clip) const;
  /// "hash" as the file says it itself, and "recipe", of what was recorded; "" where it does not.
  std::string Metadata(const std::string& key) const;
  /// The hash of what it holds, which reads all of it.
  std::string ContentHash() const;

 private:
  TensorStore store_;
  int64_t clip_bytes_;
  std::vector<int64_t> labels_;
  std::span<const uint8_t> pixels_;
};

/// The hash of a shard's labels and pixels.
std::string ClipShardHash(std::span<const int64_t> labels, std::span<const uint8_t> pixels);

/// An opened folder; its clips are read where they lie, from any number of threads.
class ClipSet {
 public:
  /// Throws Error naming the file and the field or tensor; a shard that is missing, of another
  /// shape, count or hash than dataset.json says.
  static ClipSet Open(const std::string& folder);

  const ClipSetDescription& description() const { return description_; }
  int64_t size() const { return description_.clips; }
  /// Of clip `index`, in [0, classes).
  int64_t Label(int64_t index) const;
  /// [frames, height, width, 3], valid as long as the set.
  std::span<const uint8_t> Clip(int64_t index) const;
  /// The same with 0 .. 255 as -1 .. 1, as models take it. `values`: [frames, height, width, 3].
  void Fill(int64_t index, std::span<float> values) const;

  /// Reads everything; throws Error naming the shard whose content is not what was written.
  void Verify() const;

 private:
  /// The shard of a clip, and the clip's place in it.
  std::pair<const ClipShardFile*, int64_t> Find(int64_t index) const;

  std::string folder_;
  ClipSetDescription description_;
  std::vector<ClipShardFile> shards_;
  std::vector<int64_t> first_;  // clip of each shard, and the number of all
};

}  // namespace tersor::io

#endif  // TERSOR_IO_CLIP_FILE_H_
