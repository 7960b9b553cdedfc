#include "tersor/io/clip_writer.h"

#include <fmt/core.h>

#include <algorithm>
#include <cassert>
#include <filesystem>
#include <utility>

#include "tersor/util/content_hash.h"
#include "tersor/util/error.h"

namespace tersor::io {
namespace {

namespace fs = std::filesystem;

/// Creates the folder before it can be locked.
const std::string& Made(const std::string& folder) {
  MakeFolders(folder);
  return folder;
}

/// What two sets must have in common for one to be the other's beginning.
std::string RecipeOf(ClipSetDescription description) {
  description.train = description.clips = 0;
  description.shards.clear();
  description.hash.clear();
  ContentHash hash;
  hash.Add(ClipSetJson(description).dump());
  return hash.Text();
}

}  // namespace

ClipWriter::ClipWriter(const std::string& folder, ClipSetDescription description,
                       int64_t shard_bytes)
    : folder_(folder), description_(std::move(description)), lock_(Made(folder)) {
  CheckClipClasses(description_.classes, folder_);
  CheckClipShape(description_.shape, description_.fps, folder_);
  TERSOR_CHECK(description_.clips >= 1, folder_, ": field clips is ", description_.clips,
               "; it must be above 0");
  TERSOR_CHECK(description_.train >= 0 && description_.train <= description_.clips, folder_,
               ": field train is ", description_.train, "; it must be in 0 .. ",
               description_.clips);
  recipe_ = RecipeOf(description_);
  shard_clips_ = std::max<int64_t>(1, shard_bytes / description_.shape.bytes());
  description_.shards.clear();
  while (stored_ < description_.clips && fs::exists(NextPath()) && Keep()) {
  }
  TERSOR_CHECK(stored_ < description_.clips || !fs::exists(NextPath()), folder_,
               ": the folder holds more than ", description_.clips,
               " clips already; choose another one, or delete it");
  // While shards come, nothing says that the set is complete.
  std::error_code ignored;
  fs::remove(folder_ + "/dataset.json", ignored);
}

std::string ClipWriter::NextName() const {
  return fmt::format("clips-{:05}.safetensors", description_.shards.size());
}

std::string ClipWriter::NextPath() const { return folder_ + "/" + NextName(); }

/// False where the shard was the last one of fewer clips, and is to be written anew.
bool ClipWriter::Keep() {
  const std::string name = NextName(), path = NextPath();
  const ClipShardFile file(path, description_.shape,
                           static_cast<int64_t>(description_.classes.size()));
  TERSOR_CHECK(file.Metadata("recipe") == recipe_, path,
               ": was made with other options; choose another folder, or delete it");
  const std::string hash = file.ContentHash();
  TERSOR_CHECK(file.Metadata("hash") == hash, path,
               ": the content is not what was written; delete the file");
  const int64_t wanted = std::min(shard_clips_, description_.clips - stored_);
  TERSOR_CHECK(file.clips() <= wanted, path, ": the folder holds more than ", description_.clips,
               " clips already; choose another one, or delete it");
  if (file.clips() < wanted) {
    return false;
  }
  description_.shards.push_back({name, wanted, hash});
  stored_ += wanted;
  return true;
}

void ClipWriter::Add(std::span<const uint8_t> pixels, int64_t label) {
  assert(static_cast<int64_t>(pixels.size()) == description_.shape.bytes());
  assert(label >= 0 && label < static_cast<int64_t>(description_.classes.size()));
  assert(stored() < description_.clips);
  pixels_.insert(pixels_.end(), pixels.begin(), pixels.end());
  labels_.push_back(label);
  if (std::ssize(labels_) == shard_clips_ || stored() == description_.clips) {
    WriteShard();
  }
}

void ClipWriter::WriteShard() {
  const ClipShape& shape = description_.shape;
  const auto clips = static_cast<int64_t>(labels_.size());
  const std::string name = NextName();
  const std::string hash = ClipShardHash(labels_, pixels_);
  const HostTensor tensors[] = {
      {"labels", Dtype::kI64, {clips}, std::as_bytes(std::span(labels_))},
      {"clips",
       Dtype::kU8,
       {clips, shape.frames, shape.height, shape.width, ClipShape::kChannels},
       std::as_bytes(std::span(pixels_))}};
  WriteSafetensors(folder_ + "/" + name, tensors, {{"hash", hash}, {"recipe", recipe_}});
  description_.shards.push_back({name, clips, hash});
  stored_ += clips;
  labels_.clear();
  pixels_.clear();
}

void ClipWriter::Finish() {
  assert(stored_ == description_.clips);
  ContentHash hash;
  for (const ClipShard& shard : description_.shards) {
    hash.Add(shard.hash);
  }
  description_.hash = hash.Text();
  WriteFileAtomically(folder_ + "/dataset.json", ClipSetJson(description_).dump(1) + "\n");
}

}  // namespace tersor::io
