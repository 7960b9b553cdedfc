// `tersor twin record`, as a user runs it.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "tersor/io/clip_file.h"
#include "tersor/util/json.h"
#include "tersor_command.h"

namespace tersor {
namespace {

using testing::CommandResult;
using testing::ExpectFailure;
using testing::kTersor;
using testing::RunCommand;
using testing::SignalWhen;

constexpr char kSmall[] = " --clips 12 --frames 4 --size 32 --classes clear_dry,heavy_rain,snow ";

TEST(TwinRecordCommand, WritesAClipSetWithItsSheet) {
  const testing::TemporaryFolder folder;
  const CommandResult run = RunCommand(kTersor + "twin record" + kSmall + "--seed 7 --json " +
                                       (folder / "record.json") + " -o " + (folder / "clips"));
  ASSERT_EQ(run.code, 0) << run.error;
  const io::ClipSet set = io::ClipSet::Open(folder / "clips");
  set.Verify();
  EXPECT_EQ(set.size(), 12);
  EXPECT_EQ(set.description().classes.size(), 3U);
  EXPECT_TRUE(std::filesystem::exists(folder / "clips/contact-sheet.png"));
  EXPECT_TRUE(std::filesystem::exists(folder / "clips/index.html"));
  const Json record = ReadJsonFile(folder / "record.json");
  EXPECT_EQ(record["metrics"]["clips_recorded"], 12);
  EXPECT_EQ(record["seed"], 7);
  // Again: nothing is left to do.
  const CommandResult again =
      RunCommand(kTersor + "twin record" + kSmall + "--seed 7 -o " + (folder / "clips"));
  ASSERT_EQ(again.code, 0) << again.error;
  EXPECT_NE(again.out.find("clips_recorded               0"), std::string::npos) << again.out;
  ExpectFailure(kTersor + "twin record" + kSmall + "--seed 8 -o " + (folder / "clips"), 1,
                {"clips-00000.safetensors", "other options"});
}

TEST(TwinRecordCommand, StopsCleanly) {
  const testing::TemporaryFolder folder;
  const CommandResult run =
      SignalWhen("test -d " + (folder / "clips"), "INT",
                 kTersor + "twin record --clips 100000 -o " + (folder / "clips"));
  EXPECT_EQ(run.code, 130) << run.error;
  EXPECT_NE(run.error.find("recording was stopped"), std::string::npos) << run.error;
  EXPECT_FALSE(std::filesystem::exists(folder / "clips/dataset.json"));
}

TEST(TwinRecordCommand, NamesWhatIsWrong) {
  ExpectFailure(kTersor + "twin record --classes hail -o /nonexistent", 2, {"hail"});
  ExpectFailure(kTersor + "twin record --size 4 -o /nonexistent", 2, {"size is 4", "16 .. 512"});
  ExpectFailure(kTersor + "twin record no.sumocfg -o /nonexistent", 1, {"no.sumocfg"});
  ExpectFailure(kTersor + "twin record --clips 1", 2, {"output"});
}

}  // namespace
}  // namespace tersor
