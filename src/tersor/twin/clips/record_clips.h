// Records clip sets (io/clip_file.h) of traffic from above, the weather being the class.
#ifndef TERSOR_TWIN_CLIPS_RECORD_CLIPS_H_
#define TERSOR_TWIN_CLIPS_RECORD_CLIPS_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tersor/io/clip_writer.h"
#include "tersor/twin/clips/clip_film.h"
#include "tersor/util/record.h"

namespace tersor::twin {

struct RecordClipsOptions {
  std::string output;  // folder
  std::vector<std::string> classes = {"clear_dry", "light_rain", "heavy_rain",
                                      "fog_dense", "snow",       "night_dry"};
  int64_t clips = 600;
  ClipFormat format;
  double validation = 0.1;  // of the clips
  int64_t scene_clips = 4;  // of one simulation
  std::string scenario;     // a .yaml or .sumocfg; "": made-up places
  uint64_t seed = 0;
  int64_t shard_bytes = io::ClipWriter::kShardBytes;
  std::string command;                          // for the record
  std::function<void(int64_t clips)> progress;  // clips that are there

  /// Throws UsageError naming the option and its range.
  void Validate() const;
};

/// Clip i is of class i % classes: every class has as many clips as the others, give or take one.
/// The clips of a round (classes x scene_clips of them, which follow one another) come from one
/// world (clips/clip_world.h), which each class films in its weather; validation begins with a
/// round, so that no world is in both splits. Clip i depends on the seed, i, the format and the
/// classes alone: not on the number of clips or of threads. Whole shards of an interrupted
/// recording are kept, and the next one with the same options goes on after them. Throws Error and
/// Interrupted. The record has the metrics clips, clips_recorded (now) and clips_per_minute.
Record RecordClips(const RecordClipsOptions& options);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_CLIPS_RECORD_CLIPS_H_
