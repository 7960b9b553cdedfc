#include "tersor/twin/animation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "report/markup_checker.h"
#include "tersor/util/error.h"
#include "test_files.h"
#include "twin/page_data.h"
#include "twin/synthetic_traffic.h"

namespace tersor::twin {
namespace {

ConflictMark Mark(double time, double ttc) {
  ConflictMark mark;
  mark.first = 0;
  mark.second = 1;
  mark.begin = time - 1;
  mark.end = time + 2;
  mark.time = time;
  mark.point = {400, 3};
  mark.type = "crossing";
  mark.ttc = ttc;
  return mark;
}

TEST(Animation, WhatIsEmbeddedIsTheRecording) {
  const Network network = ParallelRoads(3);
  Recording recording = CrowdedRun(network, 3, 60, 40);
  for (size_t i = 0; i < recording.angle.size(); ++i) {  // through north and back
    recording.angle[i] = static_cast<float>(std::fmod(350 + 7.0 * static_cast<double>(i % 5), 360));
    recording.accel[i] = static_cast<float>(std::sin(static_cast<double>(i)) * 9);
  }
  const DecodedRun run(AnimationData(network, recording, {}, {}));
  ASSERT_EQ(run.time.size(), recording.frames());
  size_t seen = 0;
  for (const DecodedRun::Entry& entry : run.entries) {
    EXPECT_NEAR(run.time[entry.frame], recording.time[entry.frame], 5e-4);
    size_t i = recording.begin[entry.frame];
    while (recording.vehicle[i] != entry.vehicle) {
      ASSERT_LT(++i, recording.begin[entry.frame + 1]);
    }
    ++seen;
    ASSERT_NEAR(entry.x, recording.x[i], 0.0101);
    ASSERT_NEAR(entry.y, recording.y[i], 0.0101);
    ASSERT_NEAR(std::remainder(entry.angle - recording.angle[i], 360), 0, 0.0441);
    ASSERT_NEAR(entry.speed, recording.speed[i], 0.0251);
    ASSERT_NEAR(entry.accel, recording.accel[i], 0.0251);
    ASSERT_EQ(entry.lane, recording.lane[i]);
  }
  EXPECT_EQ(seen, recording.vehicle.size());
}

TEST(Animation, AVehicleThatComesBackHasTwoTracks) {
  const Network network = ParallelRoads(1);
  Recorder recorder(0, 0);
  for (const double t : {0.0, 1.0, 2.0, 3.0}) {
    Placer placer(network);
    placer.snapshot.time = t;
    if (t != 2) {
      placer.Add(0, 0, 0, 10 * t, 10);
    }
    recorder.Add(placer.snapshot, NamedVehicles(1), {});
  }
  const Json data = AnimationData(network, recorder.recording(), {}, {});
  EXPECT_EQ(data["tracks"]["count"], 2);
  const DecodedRun run(data);
  ASSERT_EQ(run.entries.size(), 3u);
  EXPECT_EQ(run.entries[2].frame, 3u);
  EXPECT_NEAR(run.entries[2].x, 30, 0.0101);
}

TEST(Animation, StepsTakeFewBytes) {
  const Network network = ParallelRoads(5);
  const Recording recording = CrowdedRun(network, 5, 200, 100);
  const Json tracks = AnimationData(network, recording, {}, {})["tracks"];
  size_t bytes = 0;
  for (const char* column : {"x", "y", "angle", "speed", "accel", "lane"}) {
    bytes += tracks[column].get_ref<const std::string&>().size();
  }
  // Five columns of a byte an entry are 6.7 characters; first values and lanes take the rest.
  EXPECT_LT(static_cast<double>(bytes), 7.5 * static_cast<double>(recording.vehicle.size()));
}

TEST(Animation, SignalsChangeWhereTheyDo) {
  const Network network = ParallelRoads(1);
  const Json data = AnimationData(network, CrowdedRun(network, 1, 1, 26), {}, {});
  EXPECT_EQ(data["signals"]["states"], Json({"GG", "rr"}));
  EXPECT_EQ(data["signals"]["changes"], Json::array({Json({0, 0, 10, 1, 15, 0, 25, 1})}));
  EXPECT_EQ(data["stops"], Json::array({Json({0, 0, 0, 0, 1}), Json({3, 0, 1, 0, 1})}));
}

TEST(Animation, UndefinedNumbersAreNull) {
  const Network network = ParallelRoads(1);
  const std::vector<ConflictMark> marks = {Mark(9, 0.4), Mark(3, std::nan(""))};
  const Json data = AnimationData(network, CrowdedRun(network, 1, 2, 20), marks, {});
  ASSERT_EQ(data["conflicts"].size(), 2u);
  EXPECT_EQ(data["conflicts"][0]["time"], 3);  // by time
  EXPECT_TRUE(data["conflicts"][0]["ttc"].is_null());
  EXPECT_EQ(data["conflicts"][0]["band"], 0);
  EXPECT_EQ(data["conflicts"][1]["band"], 3);
}

TEST(Animation, ItTellsOfTwinsAndOfHowFarOneSees) {
  const Network network = ParallelRoads(1);
  AnimationOptions options;
  options.twins = {false, true};  // those who come later are none
  options.sight = {{0, 80}, {10, 64.5}};
  const Json data = AnimationData(network, CrowdedRun(network, 1, 3, 5), {}, options);
  EXPECT_EQ(data["vehicles"]["twins"], Json({1}));
  EXPECT_EQ(data["sight"], Json({0.0, 80.0, 10.0, 64.5}));
  EXPECT_TRUE(AnimationData(network, CrowdedRun(network, 1, 3, 5), {}, {})["sight"].empty());
}

TEST(Animation, HostileNamesStayText) {
  Network network = ParallelRoads(1);
  Recording recording = CrowdedRun(network, 1, 2, 5);
  const std::string evil = "</script><script>alert(1)</script><!--\"'&\xff\n";
  network.lanes[0].id = evil;
  network.signals[0].id = evil;
  recording.vehicles[0].id = evil;
  recording.vehicles[1].type = evil;
  std::vector<ConflictMark> marks = {Mark(2, 1)};
  marks[0].type = evil;
  const std::string page = RenderAnimation(network, recording, marks, {.title = evil});
  const report::Markup markup = report::CheckMarkup(page);
  EXPECT_EQ(markup.error, "");
  EXPECT_EQ(markup.count.at("script"), 2);
  EXPECT_EQ(page.find("alert(1)</"), std::string::npos);
  EXPECT_EQ(page.find("<!--"), std::string::npos);
}

TEST(Animation, ThePageLoadsNothing) {
  const Network network = ParallelRoads(1);
  const Recording recording = CrowdedRun(network, 1, 3, 5);
  const std::string page = RenderAnimation(network, recording, {}, {});
  EXPECT_NE(page.find("default-src &#39;none&#39;"), std::string::npos);
  for (const char* word : {"http://", "https://", "src=", "@import", "url(", "fetch("}) {
    EXPECT_EQ(page.find(word), std::string::npos) << word;
  }
  EXPECT_EQ(page, RenderAnimation(network, recording, {}, {}));
}

TEST(Animation, NeedsFrames) {
  EXPECT_THROW(RenderAnimation(ParallelRoads(1), Recording(), {}, {}), Error);
}

}  // namespace
}  // namespace tersor::twin
