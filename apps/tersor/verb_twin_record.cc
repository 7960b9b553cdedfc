#include "verb_twin_record.h"

#include <fmt/core.h>

#include <optional>
#include <string>
#include <vector>

#include "cli.h"
#include "tersor/twin/clips/clip_sheet.h"
#include "tersor/twin/clips/record_clips.h"
#include "tersor/util/error.h"
#include "tersor/util/interrupt.h"
#include "tersor/util/progress.h"

namespace tersor::cli {

int RunTwinRecord(int argc, char** argv) {
  twin::RecordClipsOptions options;
  std::vector<std::string> scenario;
  CommandLine line("twin record",
                   "Record clips of traffic from above, the weather being their class.",
                   "tersor twin record -o out/clips --clips 600");
  line.Positionals("SCENARIO", "a .yaml scenario or a .sumocfg (default: made-up places)",
                   &scenario, 0)
      .Option("-o,--output", "folder of the clip set; a recording that was stopped goes on",
              &options.output, true)
      .Option("--clips", "clips in all", &options.clips)
      .Option("--classes", "weathers, by name", &options.classes)
      .Option("--frames", "frames a clip", &options.format.frames)
      .Option("--size", "pixels a side", &options.format.size)
      .Option("--fps", "frames a second", &options.format.fps)
      .Option("--metres", "that a side shows, give or take a fifth", &options.format.metres)
      .Option("--validation", "share of the clips, of places of their own", &options.validation)
      .Option("--scene-clips", "clips of one simulation", &options.scene_clips);
  if (!line.Parse(argc, argv)) {
    return 0;
  }
  if (scenario.size() > 1) {
    FailUsage("tersor twin record: one scenario at most, not ", scenario.size());
  }
  options.scenario = scenario.empty() ? "" : scenario.front();
  options.seed = line.common().seed;
  options.command = "tersor twin record -o " + options.output;
  CatchInterrupts();
  std::optional<Progress> progress;
  options.progress = [&](int64_t clips) {
    if (!progress) {
      progress.emplace("recording", options.clips, "clip", clips);
    }
    progress->Update(clips);
  };
  const Record record = twin::RecordClips(options);
  progress->Finish();
  twin::WriteClipSheet(options.output);
  for (const auto& [name, value] : record.metrics.items()) {
    fmt::print("{:<28} {:.6g}\n", name, value.get<double>());
  }
  fmt::print("{0}/dataset.json\n{0}/contact-sheet.png\n{0}/index.html\n", options.output);
  if (!line.common().json.empty()) {
    WriteRecord(line.common().json, record);
  }
  return 0;
}

}  // namespace tersor::cli
