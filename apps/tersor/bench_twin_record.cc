#include "bench_twin_record.h"

#include <filesystem>

#include "tersor/twin/clips/record_clips.h"

namespace tersor::cli {
namespace {

constexpr double kAim = 500;  // clips a minute
constexpr int64_t kClips = 192;

}  // namespace

void BenchTwinRecord(const std::string& folder, const BenchOptions& options, Record& record) {
  if (!options.Wants("twin_record")) {
    return;
  }
  const auto ours = [&] {
    twin::RecordClipsOptions clips;
    clips.output = folder + "/clips";
    clips.clips = kClips;
    std::filesystem::remove_all(clips.output);
    const double seconds = SecondsOf([&] { twin::RecordClips(clips); });
    std::filesystem::remove_all(clips.output);
    return 60 * kClips / seconds;
  };
  RunRow({"twin_record", "clips/min", "the aim", ours, [] { return kAim; }}, options, record);
}

}  // namespace tersor::cli
