#include "tersor/twin/clips/record_clips.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>

#include "tersor/io/clip_file.h"
#include "tersor/io/image_file.h"
#include "tersor/twin/clips/clip_sheet.h"
#include "tersor/twin/corridor.h"
#include "tersor/util/error.h"
#include "tersor/util/parallel_for.h"
#include "test_files.h"

namespace tersor::twin {
namespace {

using testing::Slurp;
using testing::TemporaryFolder;

RecordClipsOptions Small(const std::string& output) {
  RecordClipsOptions options;
  options.output = output;
  options.classes = {"clear_dry", "snow", "night_dry"};
  options.clips = 14;
  options.format = {4, 32, 8, 48};
  options.scene_clips = 2;
  options.validation = 0.3;
  options.seed = 3;
  return options;
}

std::string ShardOf(const std::string& folder) {
  return Slurp(folder + "/clips-00000.safetensors");
}

std::string MessageOf(const RecordClipsOptions& options) {
  try {
    options.Validate();
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

TEST(RecordClips, BalancedClassesSplitByPlace) {
  const TemporaryFolder folder;
  const Record record = RecordClips(Small(folder.path()));
  EXPECT_EQ(record.metrics["clips_recorded"], 14);
  const io::ClipSet set = io::ClipSet::Open(folder.path());
  set.Verify();
  EXPECT_EQ(set.size(), 14);
  EXPECT_EQ(set.description().train, 6);  // 14 x 0.7 = 9 is within the second round
  for (int64_t clip = 0; clip < set.size(); ++clip) {
    EXPECT_EQ(set.Label(clip), clip % 3);
    const auto pixels = set.Clip(clip);
    const auto [low, high] = std::minmax_element(pixels.begin(), pixels.end());
    EXPECT_GT(*high - *low, 40) << clip;
  }
  EXPECT_EQ(set.description().origin["seed"], 3);
}

TEST(RecordClips, SameSeedSameBytesForAnyNumberOfThreads) {
  const TemporaryFolder folder;
  const int before = NumThreads();
  SetNumThreads(1);
  RecordClips(Small(folder / "one"));
  SetNumThreads(2);
  RecordClips(Small(folder / "two"));
  SetNumThreads(before);
  EXPECT_EQ(ShardOf(folder / "one"), ShardOf(folder / "two"));
  EXPECT_EQ(Slurp(folder / "one/dataset.json"), Slurp(folder / "two/dataset.json"));
  RecordClipsOptions other = Small(folder / "other");
  other.seed = 4;
  RecordClips(other);
  EXPECT_NE(ShardOf(folder / "one"), ShardOf(folder / "other"));
}

TEST(RecordClips, AnInterruptedRecordingLeavesWholeFilesAndGoesOn) {
  const TemporaryFolder folder;
  RecordClipsOptions options = Small(folder / "parts");
  options.shard_bytes = 4 * options.format.bytes();
  options.progress = [](int64_t clips) {
    if (clips == 9) {
      throw Interrupted("stopped");
    }
  };
  EXPECT_THROW(RecordClips(options), Interrupted);
  std::set<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "parts")) {
    files.insert(entry.path().filename().string());
  }
  EXPECT_EQ(files,
            (std::set<std::string>{".lock", "clips-00000.safetensors", "clips-00001.safetensors"}));
  int64_t first = -1;
  options.progress = [&](int64_t clips) { first = first < 0 ? clips : first; };
  RecordClips(options);
  EXPECT_EQ(first, 8);
  options.progress = nullptr;
  options.output = folder / "whole";
  RecordClips(options);
  for (const char* file : {"dataset.json", "clips-00000.safetensors", "clips-00001.safetensors",
                           "clips-00002.safetensors", "clips-00003.safetensors"}) {
    EXPECT_EQ(Slurp(folder / "parts/" + file), Slurp(folder / "whole/" + file)) << file;
  }
}

TEST(RecordClips, WhoKnowsTheSnowDrivesSlower) {
  const ClipWorld world = MadeUpWorlds(1, 60)(0);
  const auto mean_speed = [&](const char* weather) {
    ClipFilm film(world, WeatherPreset(weather), {2, 16, 8, 48});
    double sum = 0, count = 0;
    std::vector<uint8_t> pixels(static_cast<size_t>(2 * 16 * 16 * 3));
    for (uint64_t clip = 0; clip < 4; ++clip) {
      film.Shoot(clip, pixels);
      for (const ViewedVehicle& vehicle : film.vehicles()) {
        if (vehicle.speed > 3) {
          sum += vehicle.speed;
          ++count;
        }
      }
    }
    return sum / count;
  };
  EXPECT_LT(mean_speed("snow"), 0.85 * mean_speed("clear_dry"));
}

TEST(RecordClips, TakesTheTrafficOfAScenario) {
  const TemporaryFolder folder;
  const std::string scenario = WriteCorridor(folder / "corridor", {0.8, 300, 0.2});
  RecordClipsOptions options = Small(folder / "clips");
  options.scenario = scenario;
  RecordClips(options);
  const io::ClipSet set = io::ClipSet::Open(folder / "clips");
  EXPECT_EQ(set.size(), 14);
  EXPECT_EQ(set.description().origin["scenario"], scenario);
  options.scenario = WriteCorridor(folder / "short", {0.8, 60, 0.2});
  options.output = folder / "none";
  EXPECT_THROW(RecordClips(options), UsageError);
}

TEST(RecordClips, NamesTheOptionThatCannotBe) {
  RecordClipsOptions options;
  options.classes = {"clear_dry", "hail"};
  EXPECT_NE(MessageOf(options).find("hail"), std::string::npos);
  options.classes = {"snow", "snow"};
  EXPECT_EQ(MessageOf(options), "classes: snow is named twice");
  options = {};
  options.format.size = 8;
  EXPECT_EQ(MessageOf(options), "size is 8; it must be in 16 .. 512");
  options = {};
  options.clips = 0;
  EXPECT_NE(MessageOf(options).find("clips is 0"), std::string::npos);
  options = {};
  options.validation = 1.5;
  EXPECT_NE(MessageOf(options).find("validation is 1.5"), std::string::npos);
}

TEST(ClipSheet, ShowsEveryClass) {
  const TemporaryFolder folder;
  RecordClips(Small(folder.path()));
  WriteClipSheet(folder.path());
  const io::ClipSet set = io::ClipSet::Open(folder.path());
  const io::Image sheet = io::ReadImageFile(folder / "contact-sheet.png", 3);
  EXPECT_GT(sheet.height, 3 * 32);
  EXPECT_EQ(sheet.pixels, ContactSheet(set, 8, 4).pixels);
  const std::string page = Slurp(folder / "index.html");
  for (const std::string part :
       {"clear_dry", "night_dry", "32 × 32", "data:image/png;base64,", "kFrames = 4, kFps = 8"}) {
    EXPECT_NE(page.find(part), std::string::npos) << part;
  }
  EXPECT_EQ(page.find("http"), page.find("http-equiv"));
  const auto samples = SampleClips(set, 2);
  ASSERT_EQ(samples.size(), 3U);
  EXPECT_EQ(samples[1].size(), 2U);
  EXPECT_EQ(set.Label(samples[1][1]), 1);
}

}  // namespace
}  // namespace tersor::twin
