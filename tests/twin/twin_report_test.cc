#include "tersor/twin/twin_report.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <pugixml.hpp>
#include <set>

#include "report/markup_checker.h"
#include "tersor/twin/edge_way.h"
#include "tersor/twin/edie.h"
#include "tersor/twin/time_space.h"
#include "tersor/util/error.h"
#include "test_files.h"
#include "twin/synthetic_traffic.h"

namespace tersor::twin {
namespace {

struct Sample {
  Network network = ParallelRoads(4);
  Recording recording = CrowdedRun(network, 4, 80, 130);
  TwinRun run;

  Sample() {
    run.network = &network;
    run.recording = &recording;
    for (int i = 0; i < 40; ++i) {
      ConflictMark mark;
      mark.first = i;
      mark.second = i + 4;
      mark.begin = mark.end = mark.time = i;
      mark.point = {300 + 10.0 * i, 40.0 * (i % 4)};
      mark.type = i % 3 == 0 ? "following" : "crossing";
      mark.ttc = 0.1 + 0.05 * i;
      mark.drac = 5 - 0.1 * i;
      run.conflicts.push_back(mark);
    }
  }
};

TEST(TwinReport, EveryPictureIsAFileOfWellFormedSvg) {
  const Sample sample;
  const testing::TemporaryFolder folder;
  const std::vector<Picture> pictures = RunPictures(sample.run);
  WriteTwinReport(sample.run, folder / "report.html", folder / "pictures");
  std::set<std::string> names;
  for (const Picture& picture : pictures) {
    names.insert(picture.name);
    pugi::xml_document file;
    const std::string path = folder / ("pictures/" + picture.name + ".svg");
    ASSERT_TRUE(file.load_file(path.c_str())) << path;
    EXPECT_STREQ(file.child("svg").attribute("xmlns").value(), "http://www.w3.org/2000/svg");
    // Programs other than browsers know no variables.
    EXPECT_EQ(testing::Slurp(path).find("var("), std::string::npos) << path;
    EXPECT_EQ(testing::Slurp(path).find("nan"), std::string::npos) << path;
  }
  const std::set<std::string> expected = {
      "heat-map", "heat-map-crossing", "heat-map-following", "ttc", "drac", "cumulative",
      "ttc-drac", "time-space",        "fundamental-diagram"};
  EXPECT_EQ(names, expected);
}

TEST(TwinReport, ThePageIsWholeAndLoadsNothing) {
  const Sample sample;
  const std::string page = RenderTwinReport(sample.run, RunPictures(sample.run));
  const report::Markup markup = report::CheckMarkup(page);
  EXPECT_EQ(markup.error, "");
  EXPECT_EQ(markup.count.at("figure"), 9);
  for (const char* word : {"href=\"http", "https://", "src=", "@import", "url("}) {
    EXPECT_EQ(page.find(word), std::string::npos) << word;
  }
  EXPECT_NE(markup.text.find("car0 and car4"), std::string::npos);
  EXPECT_EQ(page, RenderTwinReport(sample.run, RunPictures(sample.run)));
}

TEST(TwinReport, HostileNamesStayText) {
  Sample sample;
  const std::string evil = "\"><script>alert(1)</script>";
  sample.run.title = sample.run.command = sample.run.animation = evil;
  sample.run.metrics = {{evil, 1}};
  sample.recording.vehicles[0].id = evil;
  for (Edge& edge : sample.network.edges) {
    edge.id += evil;
  }
  for (ConflictMark& mark : sample.run.conflicts) {
    mark.type += evil;
  }
  const std::vector<Picture> pictures = RunPictures(sample.run);
  const report::Markup markup = report::CheckMarkup(RenderTwinReport(sample.run, pictures));
  EXPECT_EQ(markup.error, "");
  EXPECT_EQ(markup.count.at("script"), 1);
  for (const Picture& picture : pictures) {
    EXPECT_EQ(picture.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-"),
              std::string::npos);
  }
}

TEST(TwinReport, TypesOfLikeNamesKeepTheirPictures) {
  Sample sample;
  sample.run.conflicts.resize(2);
  sample.run.conflicts[0].type = "a b";
  sample.run.conflicts[1].type = "a-b";
  std::set<std::string> names;
  const std::vector<Picture> pictures = RunPictures(sample.run);
  for (const Picture& picture : pictures) {
    names.insert(picture.name);
  }
  EXPECT_EQ(names.size(), pictures.size());
}

TEST(TwinReport, WithoutConflictsTheRoadsAreShown) {
  Sample sample;
  sample.run.conflicts.clear();
  const std::vector<Picture> pictures = RunPictures(sample.run);
  EXPECT_EQ(pictures[0].name, "network");
  const report::Markup markup = report::CheckMarkup(RenderTwinReport(sample.run, pictures));
  EXPECT_EQ(markup.error, "");
  EXPECT_EQ(markup.count.at("figure"), 3);
}

TEST(EdgeWay, PlacesLanesOneAfterAnother) {
  const Network network = ParallelRoads(2);
  const std::vector<int32_t> edges = {network.FindEdge("a1"), network.FindEdge("b1")};
  const EdgeWay way(network, edges);
  EXPECT_EQ(way.length(), 2 * kRoadLength + kCrossing);
  EXPECT_EQ(way.Place(network.FindLane("a1_1"), 7), 7);
  EXPECT_EQ(way.Place(network.FindLane(":c1_0"), 5), 1005);
  EXPECT_EQ(way.Place(network.FindLane("b1_0"), 1), 1021);
  EXPECT_TRUE(std::isnan(way.Place(network.FindLane("a0_0"), 7)));
  EXPECT_TRUE(std::isnan(way.Place(-1, 7)));
  EXPECT_EQ(std::vector<double>(way.edge_begins().begin(), way.edge_begins().end()),
            (std::vector<double>{0, 1020, 2020}));
}

TEST(EdgeWay, RefusesWhatIsNoWay) {
  const Network network = ParallelRoads(2);
  const auto make = [&](std::vector<int32_t> edges) { EdgeWay(network, edges); };
  EXPECT_THROW(make({}), Error);
  EXPECT_THROW(make({network.FindEdge(":c0")}), Error);
  EXPECT_THROW(make({network.FindEdge("a0"), network.FindEdge("b1")}), Error);
  EXPECT_THROW(make({99}), Error);
}

TEST(EdgeWay, TheBusiestWayGoesStraightOn) {
  const Network network = ParallelRoads(2);
  Recorder recorder(0, 0);
  Placer placer(network);
  placer.Add(0, 1, 0, 1500, 10);
  recorder.Add(placer.snapshot, NamedVehicles(1), {});
  EXPECT_EQ(BusiestWay(network, recorder.recording()),
            (std::vector<int32_t>{network.FindEdge("a1"), network.FindEdge("b1")}));
  EXPECT_TRUE(BusiestWay(network, Recording()).empty());
}

TEST(TimeSpace, EvenMotionIsOneLine) {
  const Network network = ParallelRoads(1);
  Recorder recorder(0, 0);
  for (int t = 0; t <= 100; ++t) {
    Placer placer(network);
    placer.snapshot.time = t;
    placer.Add(0, 0, 0, 10.0 * t, 10);
    recorder.Add(placer.snapshot, NamedVehicles(1), {});
  }
  const std::vector<int32_t> edges = {network.FindEdge("a0"), network.FindEdge("b0")};
  ConflictMark mark;
  mark.first = 0;
  mark.time = 50;
  mark.ttc = 0.2;
  const std::string body =
      TimeSpaceDiagram(network, recorder.recording(), std::vector<ConflictMark>{mark}, edges)
          .body.str();
  // From 0 s at 0 m to 100 s at 1000 m of 2020 on an axis that ends at 2500 or so: one stroke.
  const size_t at = body.find("d=\"M");
  ASSERT_NE(at, std::string::npos);
  const std::string path = body.substr(at + 3, body.find('"', at + 3) - at - 3);
  EXPECT_EQ(std::count(path.begin(), path.end(), 'L'), 1) << path;
  EXPECT_TRUE(path.starts_with("M64.0 440.0L866.0 ")) << path;
  // The ring in its middle.
  EXPECT_NE(body.find("<circle class=\"ring band3\" cx=\"465\""), std::string::npos);
}

}  // namespace
}  // namespace tersor::twin
