// Writes clip sets (io/clip_file.h), one shard in memory at a time. What was written is kept when
// the work is interrupted, and the next writer of the same clips goes on from there.
#ifndef TERSOR_IO_CLIP_WRITER_H_
#define TERSOR_IO_CLIP_WRITER_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tersor/io/clip_file.h"
#include "tersor/util/file.h"

namespace tersor::io {

class ClipWriter {
 public:
  static constexpr int64_t kShardBytes = int64_t{16} << 20;

  /// Takes up the folder, which it creates and locks. Shards of an earlier writer with the same
  /// classes, shape, fps and origin are checked and kept, also where that one wrote fewer clips.
  /// `description` needs no shards and no hashes. A shard holds as many clips as fit into
  /// `shard_bytes`, at least one. Throws Error naming the field, or the file where the folder holds
  /// other clips, or more.
  ClipWriter(const std::string& folder, ClipSetDescription description,
             int64_t shard_bytes = kShardBytes);

  /// Clips that are there: add number stored() next.
  int64_t stored() const { return stored_ + static_cast<int64_t>(labels_.size()); }

  /// `pixels`: [frames, height, width, 3].
  void Add(std::span<const uint8_t> pixels, int64_t label);

  /// Writes dataset.json, when all clips are there. Until then the folder has none.
  void Finish();

 private:
  std::string NextName() const;  // of the shard that comes next
  std::string NextPath() const;
  bool Keep();
  void WriteShard();

  std::string folder_;
  ClipSetDescription description_;
  FolderLock lock_;
  std::string recipe_;   // hash of what is recorded
  int64_t shard_clips_;  // in a full shard
  int64_t stored_ = 0;   // in shards
  std::vector<int64_t> labels_;
  std::vector<uint8_t> pixels_;
};

}  // namespace tersor::io

#endif  // TERSOR_IO_CLIP_WRITER_H_
