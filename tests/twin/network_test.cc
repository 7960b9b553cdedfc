#include "tersor/twin/network.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "tersor/twin/vehicle_class.h"
#include "test_files.h"
#include "twin/small_network.h"

namespace tersor::twin {
namespace {

using tersor::testing::RunCommand;
using tersor::testing::TemporaryFolder;
using testing::kSmallNetwork;
using testing::MessageOf;
using testing::With;

Network Small() { return ParseNetwork(kSmallNetwork, "small.net.xml"); }

/// The way's internal lanes end in the one that SUMO lists at the way's index.
void ExpectRequestsMatchInternalLanes(const Network& network, const std::string& name) {
  int ways = 0;
  for (const Junction& junction : network.junctions) {
    for (size_t i = 0; i < junction.ways.size() && !junction.internal.empty(); ++i) {
      if (junction.ways[i] < 0) {
        continue;
      }
      const Connection& way = network.connections[static_cast<size_t>(junction.ways[i])];
      EXPECT_EQ(way.request, static_cast<int32_t>(i));
      if (way.via < 0) {
        continue;
      }
      int32_t last = way.via;
      while (true) {
        const Lane& lane = network.lanes[static_cast<size_t>(last)];
        ASSERT_EQ(lane.connections.size(), 1U);
        const int32_t next = network.connections[static_cast<size_t>(lane.connections.front())].via;
        if (next < 0) {
          break;
        }
        last = next;
      }
      ASSERT_LT(i, junction.internal.size());
      EXPECT_EQ(junction.internal[i], last) << name << ' ' << junction.id << ' ' << i;
      ++ways;
    }
  }
  EXPECT_GT(ways, 0) << name;
}

TEST(Network, ReadsEdgesAndLanes) {
  const Network network = Small();
  EXPECT_EQ(network.net_offset, (Point{5, -6}));
  EXPECT_EQ(network.low, (Point{0, -100}));
  EXPECT_EQ(network.high, (Point{300, 100}));
  ASSERT_EQ(network.edges.size(), 8U);
  const Edge& a = network.edges[static_cast<size_t>(network.FindEdge("a"))];
  EXPECT_FALSE(a.internal);
  EXPECT_EQ(a.priority, 2);
  EXPECT_EQ(network.junctions[static_cast<size_t>(a.to)].id, "J");
  const Lane& lane = network.lanes[static_cast<size_t>(a.lanes[0])];
  EXPECT_EQ(lane.width, 3.5);
  EXPECT_EQ(lane.friction, 0.7);
  EXPECT_EQ(lane.shape, (Polyline{{0, 0}, {100, 0}}));
  EXPECT_EQ(network.lanes[static_cast<size_t>(a.lanes[1])].width, 3.2);
  const Edge& inside = network.EdgeOfLane(network.FindLane(":J_1_1"));
  EXPECT_TRUE(inside.internal);
  EXPECT_EQ(network.junctions[static_cast<size_t>(inside.to)].id, "J");
  EXPECT_EQ(network.FindEdge("nowhere"), -1);
}

TEST(Network, ReadsWhoMayDrive) {
  const Network network = Small();
  const auto allowed = [&](const char* lane, const char* name) {
    return (network.lanes[static_cast<size_t>(network.FindLane(lane))].allowed & ClassBit(name)) !=
           0;
  };
  EXPECT_TRUE(allowed("a_0", "truck"));
  EXPECT_FALSE(allowed("c_0", "truck"));
  EXPECT_TRUE(allowed("c_0", "bus"));
  EXPECT_TRUE(allowed("d_0", "bus"));
  EXPECT_FALSE(allowed("d_0", "bicycle"));
}

TEST(Network, ReadsRightOfWayFromTheRight) {
  const Network network = Small();
  const Junction& junction = network.junctions[static_cast<size_t>(network.junction_of.at("J"))];
  ASSERT_EQ(junction.requests.size(), 4U);
  EXPECT_EQ(junction.requests[3].response, (std::vector<bool>{false, false, true, false}));
  EXPECT_EQ(junction.requests[3].foes, (std::vector<bool>{false, true, true, false}));
  EXPECT_TRUE(junction.requests[3].wait_inside);
  EXPECT_FALSE(junction.requests[2].wait_inside);
  const Connection& left = network.connections[static_cast<size_t>(junction.ways[3])];
  EXPECT_EQ(left.from, network.FindLane("d_0"));
  EXPECT_EQ(left.to, network.FindLane("b_1"));
  EXPECT_EQ(left.direction, 'l');
  EXPECT_EQ(left.state, 'o');
  EXPECT_EQ(left.link, 3);
  ExpectRequestsMatchInternalLanes(network, "small");
}

TEST(Network, ReadsSignals) {
  const Network network = Small();
  ASSERT_EQ(network.signals.size(), 1U);
  const Signal& signal = network.signals.front();
  EXPECT_EQ(signal.cycle(), 60);
  EXPECT_EQ(signal.PhaseAt(10), 0);
  EXPECT_EQ(signal.PhaseAt(9.9), 2);
  EXPECT_EQ(signal.PhaseAt(40), 1);
  EXPECT_EQ(signal.PhaseAt(104), 1);
}

TEST(Network, LeavesPeopleOnFootOut) {
  std::string text = With(kSmallNetwork, "<tlLogic", R"(<edge id=":J_c0" function="crossing">
  <lane id=":J_c0_0" index="0" allow="pedestrian" speed="1" length="10" shape="99,-6 99,10"/></edge>
<edge id=":J_w0" function="walkingarea">
  <lane id=":J_w0_0" index="0" allow="pedestrian" speed="1" length="2" shape="99,-6 98,-6"/></edge>
<tlLogic)");
  text = With(text, "a_0 a_1 d_0", "a_0 a_1 d_0 :J_w0_0");
  text = With(text, "<connection from=\"a\"",
              "<connection from=\":J_w0\" to=\":J_c0\" fromLane=\"0\" toLane=\"0\" dir=\"s\" "
              "state=\"M\"/>\n<connection from=\"a\" to=\":J_w0\" fromLane=\"0\" toLane=\"0\" "
              "dir=\"s\" state=\"M\"/>\n<connection from=\"a\"");
  const Network network = ParseNetwork(text, "foot");
  EXPECT_EQ(network.connections.size(), Small().connections.size());
  ExpectRequestsMatchInternalLanes(network, "foot");
}

struct BadNetwork {
  const char *from, *to, *message;
};

TEST(Network, SaysWhereAndWhatIsWrong) {
  const std::vector<BadNetwork> cases = {
      {"</net>", "", "small.net.xml:63:1: broken XML"},
      {"length=\"94\"", "length=\"-94\"",
       "small.net.xml:27:64: lane 'c_0', length: '-94' must be greater"},
      {"length=\"94\"", "length=\"nan\"", "lane 'c_0', length: 'nan' is not a finite number"},
      {"speed=\"20\"", "speed=\"0\"", "lane 'b_1', speed: '0' must be greater than 0"},
      {"speed=\"20\" ", "", "lane 'b_1': attribute speed is missing"},
      {"width=\"3.5\"", "width=\"0\"", "lane 'a_0', width"},
      {"index=\"1\" speed=\"20\"", "index=\"2\" speed=\"20\"", "lane 'b_1', index: 2 where 1"},
      {"disallow=\"truck trailer\"", "disallow=\"truk\"",
       "unknown vehicle class 'truk'; did you mean 'truck'?"},
      {"106,-6 106,-100", "106,-6", "at least two points"},
      {"106,-6 106,-100", "106,-6 106", "'106' is no point"},
      {"106,-6 106,-100", "106,-6 106,1e300", "farther away"},
      {"id=\"d\"", "id=\"c\"", "edge 'c': a second edge of this id"},
      {"id=\"d_0\"", "id=\"c_0\"", "lane 'c_0': a second lane of this id"},
      {"from=\"D\" to=\"J\"", "from=\"Q\" to=\"J\"", "edge 'd', from: there is no junction 'Q'"},
      {"<edge id=\":J_3\"", "<edge id=\":Q_3\"", "there is no junction 'Q'"},
      {"<connection from=\"d\"", "<connection from=\"e\"", "from: there is no edge 'e'"},
      {"to=\"c\" fromLane=\"0\"", "to=\"c\" fromLane=\"2\"", "fromLane: 2 but edge 'a' has 2"},
      {"via=\":J_3_0\"", "via=\":J_9_0\"", "via: there is no lane ':J_9_0'"},
      {"via=\":J_3_0\"", "via=\"a_0\"", "'a_0' is no internal lane of junction 'J'"},
      {"via=\":J_4_0\"", "via=\":J_3_0\"", "do not lead to 'b_1'"},
      {"<connection from=\":J_4\" to=\"b\" fromLane=\"0\" toLane=\"1\" dir=\"l\" state=\"M\"/>", "",
       "no connection leads on from ':J_4_0'"},
      {"from=\"d\" to=\"b\"", "from=\"d\" to=\"a\"", "edge 'a' does not begin at the junction"},
      {"tl=\"S\" linkIndex=\"3\"", "tl=\"T\" linkIndex=\"3\"", "tl: there is no signal 'T'"},
      {"linkIndex=\"3\"", "linkIndex=\"4\"", "linkIndex: 4 but the states of signal 'S' have 4"},
      {"linkIndex=\"3\"", "linkIndex=\"-1\"", "must not be negative"},
      {"response=\"0100\"", "response=\"010\"", "response: '010' is not 4 letters"},
      {"foes=\"0110\"", "foes=\"01x0\"", "foes: '01x0' is not 4 letters"},
      {"<request index=\"3\"", "<request index=\"4\"", "index: 4 where 3 comes next"},
      {"<request index=\"3\" response=\"0100\" foes=\"0110\" cont=\"1\"/>", "", "is not 3 letters"},
      {"incLanes=\"a_0 a_1 d_0\"", "incLanes=\"a_0 a_1 e_0\"", "incLanes: there is no lane 'e_0'"},
      {"incLanes=\"a_0 a_1 d_0\"", "incLanes=\"a_0 a_1 a_1\"", "incLanes: 'a_1' twice"},
      {"incLanes=\"a_0 a_1 d_0\"", "incLanes=\"a_0 a_1 b_0\"", "'b_0' does not end there"},
      {"state=\"GGGr\"", "state=\"\"", "phase, state: '' has no letters"},
      {"state=\"GGGr\"", "state=\"GGXr\"", "'GGXr' has a letter that is no state"},
      {"state=\"rrrg\"", "state=\"rrr\"", "state: 3 letters where the first phase has 4"},
      {"duration=\"25\"", "duration=\"0\"", "duration: '0' must be greater than 0"},
      {"netOffset=\"5.00,-6.00\"", "netOffset=\"5.00\"", "netOffset: '5.00' is no point"},
      {"<net ", "<routes ", "broken XML"},
  };
  for (const BadNetwork& bad : cases) {
    const std::string text = With(kSmallNetwork, bad.from, bad.to);
    const std::string message = MessageOf([&] { ParseNetwork(text, "small.net.xml"); });
    EXPECT_NE(message.find(bad.message), std::string::npos)
        << bad.from << " -> " << bad.to << " says: " << message;
    EXPECT_EQ(message.find('\n'), std::string::npos);
  }
  EXPECT_NE(MessageOf([] { ParseNetwork("<net/>", "n"); }).find("without edges"),
            std::string::npos);
  EXPECT_NE(MessageOf([] { ParseNetwork("<routes/>", "n"); }).find("expected <net>"),
            std::string::npos);
}

TEST(Network, EveryTruncationIsAnError) {
  const std::string text = kSmallNetwork;
  for (size_t size = 0; size + 8 < text.size(); size += 7) {
    EXPECT_NE(MessageOf([&] { ParseNetwork(text.substr(0, size), "cut"); }), "") << size;
  }
}

TEST(Network, ReadsWhatNetgenerateMakes) {
  if (RunCommand("netgenerate --version").code != 0) {
    GTEST_SKIP() << "netgenerate is not installed";
  }
  const TemporaryFolder folder;
  const std::string grid = "netgenerate --grid --grid.number 3 --grid.length 200 --tls.guess true ";
  for (const auto& [options, signals] : std::vector<std::pair<std::string, size_t>>{
           {"--default.lanenumber 2", 5},
           {"--default.lanenumber 2 --sidewalks.guess --crossings.guess", 5},
           {"--turn-lanes 1 --bikelanes.guess --lefthand", 5}}) {
    const std::string path = folder / "g.net.xml.gz";
    ASSERT_EQ(RunCommand(grid + options + " -o " + path).code, 0);
    const Network network = ReadNetwork(path);
    EXPECT_EQ(network.signals.size(), signals);
    ExpectRequestsMatchInternalLanes(network, options);
    for (const Connection& connection : network.connections) {
      const bool internal = network.EdgeOfLane(connection.from).internal;
      EXPECT_EQ(connection.request < 0, internal);
      EXPECT_FALSE(network.EdgeOfLane(connection.to).internal);
    }
  }
}

TEST(Network, ReadsSumosOwnSamples) {
  const std::string folder = "/usr/share/sumo/tools/game";
  if (!std::filesystem::exists(folder)) {
    GTEST_SKIP() << "SUMO's samples are not installed";
  }
  int read = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    const std::string path = entry.path();
    if (path.ends_with(".net.xml")) {
      ExpectRequestsMatchInternalLanes(ReadNetwork(path), path);
      ++read;
    }
  }
  EXPECT_GT(read, 0);
}

TEST(Network, HeightsGiveALanesGrade) {
  // "0,0,1 100,0,2": one metre up on a hundred; lanes without heights are level.
  const Network network = ParseNetwork(testing::kSmallNetwork, "small");
  EXPECT_DOUBLE_EQ(network.lanes[static_cast<size_t>(network.FindLane("a_0"))].grade, 0.01);
  EXPECT_EQ(network.lanes[static_cast<size_t>(network.FindLane("a_1"))].grade, 0);
  const Network wrong = ParseNetwork(
      testing::With(testing::kSmallNetwork, "0,0,1 100,0,2", "0,0,1 100,0,90"), "small");
  EXPECT_EQ(wrong.lanes[static_cast<size_t>(wrong.FindLane("a_0"))].grade, 0);
}

}  // namespace
}  // namespace tersor::twin
