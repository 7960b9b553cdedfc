// Plays the animation in a headless Chromium, as a reader would.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "report/markup_checker.h"
#include "tersor/io/image_file.h"
#include "tersor/twin/animation.h"
#include "test_files.h"
#include "twin/synthetic_traffic.h"

namespace tersor::twin {
namespace {

constexpr int32_t kRoads = 10, kVehicles = 500, kSeconds = 40;

class AnimationBrowser : public ::testing::Test {
 protected:
  void SetUp() override {
    if (testing::RunCommand("command -v chromium").code != 0) {
      GTEST_SKIP() << "chromium is not installed";
    }
    const Network network = ParallelRoads(kRoads);
    const Recording recording = CrowdedRun(network, kRoads, kVehicles, kSeconds);
    ConflictMark mark;
    mark.first = 3;
    mark.second = 4;
    mark.begin = mark.time = 20;
    mark.end = 21;
    mark.point = {900, 120};
    mark.type = "following";
    mark.ttc = 0.7;
    const std::vector<ConflictMark> marks = {mark};
    WriteAnimation(network, recording, marks, {.title = "Ten roads"}, folder_ / "page.html");
  }

  /// Opens the page at `#hash`; the browser's clock runs `milliseconds` on.
  testing::CommandResult Open(const std::string& hash, int milliseconds,
                              const std::string& options) {
    return testing::RunCommand(
        "timeout 300 chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage "
        "--window-size=1200,800 --hide-scrollbars --enable-logging=stderr --user-data-dir=" +
        (folder_ / "profile") + " --virtual-time-budget=" + std::to_string(milliseconds) + " " +
        options + " 'file://" + (folder_ / "page.html") + "#" + hash + "'");
  }

  /// The same page with two runs beside each other, the second of fewer vehicles.
  void MakeSideBySide() {
    const Network network = ParallelRoads(kRoads);
    std::vector<AnimationRun> runs;
    for (const int32_t vehicles : {kVehicles, kVehicles / 2}) {
      const Recording recording = CrowdedRun(network, kRoads, vehicles, kSeconds);
      ConflictMark mark;
      mark.begin = mark.time = 20;
      mark.end = 21;
      mark.point = {900, 120};
      const std::vector<ConflictMark> marks(vehicles == kVehicles ? 1 : 2, mark);
      runs.push_back({vehicles == kVehicles ? "Arm A" : "Arm C",
                      AnimationData(network, recording, marks, {})});
    }
    testing::Spill(folder_ / "page.html", RenderSideBySide(runs, 0, 1, "Ten roads"));
  }

  /// What the console says; warnings of the browser itself are not the page's.
  static void ExpectNoErrors(const testing::CommandResult& result) {
    EXPECT_EQ(result.code, 0) << result.error;
    EXPECT_EQ(result.error.find("CONSOLE"), std::string::npos) << result.error;
  }

  /// The text of the element `id` in a dumped page.
  static std::string TextOf(const std::string& page, const std::string& id) {
    const size_t at = page.find("id=\"" + id + "\""), begin = page.find('>', at) + 1;
    return at == std::string::npos ? "" : page.substr(begin, page.find('<', begin) - begin);
  }

  io::Image Screenshot(const std::string& hash, const std::string& name) {
    ExpectNoErrors(Open(hash, 8000, "--screenshot=" + (folder_ / name)));
    return io::ReadImageFile(folder_ / name, 3);
  }

  testing::TemporaryFolder folder_;
};

/// Pixels within the map whose colour is far from grey: vehicles, signals and rings; roads and
/// ground are nearly grey.
int64_t ColourfulBetween(const io::Image& image, int64_t left, int64_t right) {
  int64_t count = 0;
  for (int64_t y = 60; y < image.height - 80; ++y) {
    for (int64_t x = left; x < right; ++x) {
      const uint8_t* p = &image.pixels[static_cast<size_t>((y * image.width + x) * 3)];
      const int high = std::max({p[0], p[1], p[2]}), low = std::min({p[0], p[1], p[2]});
      count += high - low > 60;
    }
  }
  return count;
}

int64_t Colourful(const io::Image& image) { return ColourfulBetween(image, 80, image.width - 330); }

int64_t Different(const io::Image& a, const io::Image& b) {
  int64_t count = 0;
  for (int64_t y = 60; y < a.height - 80; ++y) {
    for (int64_t x = 0; x < a.width - 330; ++x) {
      const size_t i = static_cast<size_t>((y * a.width + x) * 3);
      count += std::abs(a.pixels[i] - b.pixels[i]) > 40;
    }
  }
  return count;
}

TEST_F(AnimationBrowser, ShowsVehiclesWhichMove) {
  const io::Image early = Screenshot("t=5", "early.png"), late = Screenshot("t=15", "late.png");
  ASSERT_EQ(early.pixels.size(), late.pixels.size());
  // 500 boxes of at least 6 by 3 pixels, some of them one over another.
  EXPECT_GT(Colourful(early), 3000);
  EXPECT_GT(Colourful(late), 3000);
  EXPECT_GT(Different(early, late), 2000);
}

TEST_F(AnimationBrowser, Plays) {
  const testing::CommandResult still = Open("t=5", 8000, "--dump-dom");
  ExpectNoErrors(still);
  EXPECT_EQ(TextOf(still.out, "clock"), "0:05.0 / 0:40.0");
  EXPECT_EQ(TextOf(still.out, "count"), "500 vehicles, 500 in view");
  const testing::CommandResult played = Open("t=5&speed=2&play", 15000, "--dump-dom");
  ExpectNoErrors(played);
  EXPECT_EQ(TextOf(played.out, "play"), "Pause");
  const std::string clock = TextOf(played.out, "clock");
  EXPECT_GT(clock, "0:20.0 / 0:40.0");  // by the virtual clock
}

TEST_F(AnimationBrowser, FollowsAndShowsConflicts) {
  const testing::CommandResult followed = Open("t=10&follow=car7", 8000, "--dump-dom");
  ExpectNoErrors(followed);
  EXPECT_EQ(TextOf(followed.out, "vehicle-id"), "car7");
  EXPECT_EQ(TextOf(followed.out, "vehicle-speed"), "12.0 m/s, 43 km/h");
  EXPECT_EQ(TextOf(followed.out, "vehicle-lane"), "a7_0");
  const testing::CommandResult conflict = Open("conflict=0", 8000, "--dump-dom");
  ExpectNoErrors(conflict);
  EXPECT_EQ(TextOf(conflict.out, "clock"), "0:20.0 / 0:40.0");
  EXPECT_NE(TextOf(conflict.out, "count").find("1 conflict now"), std::string::npos);
  EXPECT_NE(conflict.out.find("car3 and car4"), std::string::npos);
}

TEST_F(AnimationBrowser, ShowsTwoRunsBesideEachOther) {
  MakeSideBySide();
  const testing::CommandResult page = Open("t=20", 8000, "--dump-dom");
  ExpectNoErrors(page);
  EXPECT_EQ(TextOf(page.out, "clock"), "0:20.0 / 0:40.0");
  EXPECT_EQ(TextOf(page.out, "count-left"), "500 vehicles, 1 conflict in view");
  EXPECT_EQ(TextOf(page.out, "count-right"), "250 vehicles, 2 conflicts in view");
  // Vehicles on either side of the border between the panes, which move.
  const io::Image early = Screenshot("t=5", "early.png"), late = Screenshot("t=15", "late.png");
  const int64_t middle = (early.width - 320) / 2;
  EXPECT_GT(ColourfulBetween(early, 80, middle), 1000);
  EXPECT_GT(ColourfulBetween(early, middle, early.width - 330), 500);
  EXPECT_GT(Different(early, late), 1000);
}

TEST_F(AnimationBrowser, EitherSideShowsAnyRunWhileBothPlay) {
  MakeSideBySide();
  const testing::CommandResult changed = Open("t=5&left=1&right=0", 8000, "--dump-dom");
  ExpectNoErrors(changed);
  EXPECT_EQ(TextOf(changed.out, "count-left").find("250 vehicles"), 0u);
  EXPECT_EQ(TextOf(changed.out, "count-right").find("500 vehicles"), 0u);
  const testing::CommandResult played = Open("t=5&speed=2&play&follow=car7", 15000, "--dump-dom");
  ExpectNoErrors(played);
  EXPECT_GT(TextOf(played.out, "clock"), "0:20.0 / 0:40.0");
  EXPECT_EQ(TextOf(played.out, "vehicle-id"), "car7");
}

}  // namespace
}  // namespace tersor::twin
