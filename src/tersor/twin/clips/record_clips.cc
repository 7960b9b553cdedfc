#include "tersor/twin/clips/record_clips.h"

#include <algorithm>
#include <chrono>
#include <set>

#include "tersor/twin/weather/weather.h"
#include "tersor/util/config_check.h"
#include "tersor/util/error.h"
#include "tersor/util/parallel_for.h"

namespace tersor::twin {
namespace {

constexpr int64_t kBatchBytes = int64_t{64} << 20;  // of pixels that wait to be written
constexpr double kMostMetres = 1000;

/// Clips that come of one world.
int64_t RoundClips(const RecordClipsOptions& options) {
  return std::ssize(options.classes) * options.scene_clips;
}

/// Where validation begins: with a round, as near to what was asked for as leaves it no smaller.
int64_t TrainClips(const RecordClipsOptions& options) {
  const auto wanted =
      static_cast<int64_t>(static_cast<double>(options.clips) * (1 - options.validation));
  return options.validation > 0 ? wanted / RoundClips(options) * RoundClips(options)
                                : options.clips;
}

io::ClipSetDescription DescriptionOf(const RecordClipsOptions& options) {
  io::ClipSetDescription description;
  description.classes = options.classes;
  description.shape = {options.format.frames, options.format.size, options.format.size};
  description.fps = options.format.fps;
  description.clips = options.clips;
  description.train = TrainClips(options);
  description.origin = {{"made_by", "tersor twin record"},
                        {"version", Version()},
                        {"seed", options.seed},
                        {"scenario", options.scenario},
                        {"metres", options.format.metres},
                        {"scene_clips", options.scene_clips},
                        {"split", "by place: validation shows none of the training's"}};
  return description;
}

class ClipRecorder {
 public:
  explicit ClipRecorder(const RecordClipsOptions& options)
      : options_(options),
        classes_(std::ssize(options.classes)),
        worlds_(MakeWorlds(options)),
        writer_(options.output, DescriptionOf(options), options.shard_bytes) {}

  /// Clips that were recorded now.
  int64_t Run() {
    const int64_t before = writer_.stored();
    const int64_t round_clips = RoundClips(options_);
    const int64_t rounds_at_once = std::clamp<int64_t>(
        kBatchBytes / (round_clips * options_.format.bytes()), 1, 2 * NumThreads());
    Report();
    while (writer_.stored() < options_.clips) {
      const int64_t first = writer_.stored() / round_clips;
      const int64_t last =
          std::min(first + rounds_at_once, (options_.clips + round_clips - 1) / round_clips);
      FilmRounds(first, last);
    }
    writer_.Finish();
    return writer_.stored() - before;
  }

 private:
  static ClipWorlds MakeWorlds(const RecordClipsOptions& options) {
    const double seconds =
        static_cast<double>(options.scene_clips) * (options.format.seconds() + kMostPause);
    return options.scenario.empty() ? MadeUpWorlds(options.seed, seconds)
                                    : ScenarioWorlds(options.scenario, options.seed, seconds);
  }

  void Report() const {
    if (options_.progress) {
      options_.progress(writer_.stored());
    }
  }

  void FilmRounds(int64_t first, int64_t last) {
    std::vector<ClipWorld> worlds(static_cast<size_t>(last - first));
    ParallelFor(first, last, 1, [&](int64_t begin, int64_t end) {
      for (int64_t round = begin; round < end; ++round) {
        worlds[static_cast<size_t>(round - first)] = worlds_(static_cast<uint64_t>(round));
      }
    });
    const int64_t round_clips = RoundClips(options_);
    const auto clip_bytes = static_cast<size_t>(options_.format.bytes());
    std::vector<uint8_t> pixels(static_cast<size_t>((last - first) * round_clips) * clip_bytes);
    ParallelFor(0, (last - first) * classes_, 1, [&](int64_t begin, int64_t end) {
      for (int64_t scene = begin; scene < end; ++scene) {
        const int64_t round = scene / classes_, label = scene % classes_;
        ClipFilm film(worlds[static_cast<size_t>(round)],
                      WeatherPreset(options_.classes[static_cast<size_t>(label)]), options_.format);
        for (int64_t clip = 0; clip < options_.scene_clips; ++clip) {
          const auto at = static_cast<size_t>(round * round_clips + clip * classes_ + label);
          film.Shoot(static_cast<uint64_t>(clip),
                     std::span(pixels).subspan(at * clip_bytes, clip_bytes));
        }
      }
    });
    // Those of the first round that are stored already are left out, and those beyond the last.
    while (writer_.stored() < std::min(last * round_clips, options_.clips)) {
      const int64_t clip = writer_.stored();
      const auto at = static_cast<size_t>(clip - first * round_clips);
      writer_.Add(std::span(pixels).subspan(at * clip_bytes, clip_bytes), clip % classes_);
      Report();
    }
  }

  const RecordClipsOptions& options_;
  const int64_t classes_;
  const ClipWorlds worlds_;
  io::ClipWriter writer_;
};

}  // namespace

void RecordClipsOptions::Validate() const {
  if (classes.empty()) {
    FailUsage("classes: there must be one at least");
  }
  std::set<std::string> seen;
  for (const std::string& name : classes) {
    WeatherPreset(name);
    if (!seen.insert(name).second) {
      FailUsage("classes: ", name, " is named twice");
    }
  }
  CheckRange("clips", static_cast<double>(clips), 1, 1e8);
  CheckRange("frames", static_cast<double>(format.frames), 1, 256);
  CheckRange("size", static_cast<double>(format.size), 16, 512);
  CheckRange("fps", format.fps, 1, 60);
  CheckRange("metres", format.metres, 10, kMostMetres);
  CheckRange("validation", validation, 0, 1);
  CheckRange("scene-clips", static_cast<double>(scene_clips), 1, 64);
}

Record RecordClips(const RecordClipsOptions& options) {
  options.Validate();
  const auto began = std::chrono::steady_clock::now();
  const int64_t recorded = ClipRecorder(options).Run();
  Record record;
  record.verb = "twin";
  record.seed = options.seed;
  record.config = {{"command", options.command},      {"classes", options.classes},
                   {"frames", options.format.frames}, {"size", options.format.size},
                   {"fps", options.format.fps},       {"metres", options.format.metres},
                   {"scenario", options.scenario},    {"output", options.output}};
  record.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  record.metrics["clips"] = options.clips;
  record.metrics["clips_recorded"] = recorded;
  record.metrics["clips_per_minute"] = 60 * static_cast<double>(recorded) / record.seconds;
  return record;
}

}  // namespace tersor::twin
