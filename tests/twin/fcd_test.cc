#include "tersor/twin/fcd.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "crossing_network.h"
#include "tersor/util/error.h"
#include "test_files.h"

namespace tersor::twin {
namespace {

class FcdTest : public ::testing::Test {
 protected:
  std::string File(const std::string& text) {
    std::ofstream(folder_ / "a.xml") << text;
    return folder_ / "a.xml";
  }

  std::string ErrorOf(const std::string& text) {
    try {
      FcdReader reader(File(text), network_);
      while (reader.Next()) {
      }
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  void ExpectError(const std::string& text, const std::string& part) {
    EXPECT_NE(ErrorOf(text).find(part), std::string::npos) << ErrorOf(text);
  }

  testing::TemporaryFolder folder_;
  Network network_ = CrossingNetwork();
};

TEST_F(FcdTest, ReadsWhatItWrites) {
  const std::vector<Vehicle> vehicles = {{.id = "a<1>", .type = "car", .route = {}},
                                         {.id = "b", .type = "bus", .route = {}}};
  Snapshot snapshot;
  snapshot.time = 0.1;
  snapshot.vehicle = {0, 1};
  snapshot.x = {10.123456, 300};
  snapshot.y = {300, 297.5};
  snapshot.angle = {90, 0};
  snapshot.speed = {13.5, 0};
  snapshot.accel = {-1.25, 0};
  snapshot.lane = {network_.FindLane("W_0"), network_.FindLane(":C_1_0")};
  snapshot.position = {10.123456, 0.7};
  snapshot.route_index = {0, 0};
  for (const char* name : {"out.xml", "out.xml.gz"}) {
    FcdWriter writer(folder_ / name, network_, {.precision = 6, .acceleration = true});
    writer.Write(snapshot, vehicles);
    Snapshot empty;
    empty.time = 0.2;
    writer.Write(empty, vehicles);
    writer.Close();
    FcdReader reader(folder_ / name, network_);
    ASSERT_EQ(reader.vehicles().size(), 2u);
    EXPECT_EQ(reader.vehicles()[0].id, "a<1>");
    EXPECT_EQ(reader.vehicles()[1].type, "bus");
    ASSERT_TRUE(reader.Next());
    const Snapshot& read = reader.snapshot();
    EXPECT_EQ(read.time, snapshot.time);
    EXPECT_EQ(read.vehicle, snapshot.vehicle);
    EXPECT_EQ(read.x, snapshot.x);
    EXPECT_EQ(read.y, snapshot.y);
    EXPECT_EQ(read.angle, snapshot.angle);
    EXPECT_EQ(read.speed, snapshot.speed);
    EXPECT_EQ(read.accel, snapshot.accel);
    EXPECT_EQ(read.lane, snapshot.lane);
    EXPECT_EQ(read.position, snapshot.position);
    ASSERT_TRUE(reader.Next());
    EXPECT_EQ(reader.snapshot().size(), 0);
    EXPECT_FALSE(reader.Next());
    EXPECT_DOUBLE_EQ(reader.step_length(), 0.1);
  }
}

TEST_F(FcdTest, WritesSumosAttributes) {
  Snapshot snapshot;
  snapshot.vehicle = {0};
  snapshot.x = {1};
  snapshot.y = {300};
  snapshot.angle = {90};
  snapshot.speed = {-0.001};
  snapshot.accel = {0};
  snapshot.lane = {network_.FindLane("W_0")};
  snapshot.position = {1};
  FcdWriter writer(folder_ / "out.xml", network_);
  writer.Write(snapshot, std::vector<Vehicle>{{.id = "v", .type = "car", .route = {}}});
  EXPECT_EQ(testing::Slurp(folder_ / "out.xml"), "");  // not before it is whole
  writer.Close();
  EXPECT_NE(testing::Slurp(folder_ / "out.xml")
                .find("<vehicle id=\"v\" x=\"1.00\" y=\"300.00\" angle=\"90.00\" type=\"car\" "
                      "speed=\"0.00\" pos=\"1.00\" lane=\"W_0\" slope=\"0.00\"/>"),
            std::string::npos);
}

TEST_F(FcdTest, MakesUpForWhatFieldDataLacks) {
  FcdReader reader(File(R"(<fcd-export>
    <timestep time="0"><vehicle id="a" x="290" y="300.4" colour="red"/><person id="p"/></timestep>
    <timestep time="1"><vehicle id="a" x="299" y="300.2"/></timestep>
    <timestep time="2"><vehicle id="a" x="310" y="300"/><vehicle id="far" x="900" y="900"/>
    </timestep></fcd-export>)"),
                   network_);
  ASSERT_TRUE(reader.Next());
  EXPECT_EQ(reader.snapshot().lane[0], network_.FindLane("W_0"));
  EXPECT_NEAR(reader.snapshot().position[0], 290, 1e-9);
  EXPECT_NEAR(reader.snapshot().angle[0], 90, 2);
  EXPECT_NEAR(reader.snapshot().speed[0], 9, 0.01);
  ASSERT_TRUE(reader.Next());
  EXPECT_EQ(reader.snapshot().lane[0], network_.FindLane(":C_2_0"));
  EXPECT_NEAR(reader.snapshot().position[0], 2.2, 1e-9);
  EXPECT_EQ(reader.snapshot().route_index[0], 0);
  ASSERT_TRUE(reader.Next());
  EXPECT_EQ(reader.snapshot().lane[0], network_.FindLane("E_0"));
  EXPECT_EQ(reader.snapshot().route_index[0], 1);
  EXPECT_NEAR(reader.snapshot().accel[0], 2, 0.01);
  EXPECT_EQ(reader.snapshot().lane[1], -1);
  EXPECT_EQ(reader.rows_off_network(), 1);
  EXPECT_EQ(reader.vehicles()[0].route,
            (std::vector<int32_t>{network_.FindEdge("W"), network_.FindEdge("E")}));
}

TEST_F(FcdTest, KnownVehiclesKeepTheirRoutesUnlessTheyStray) {
  const std::string text = R"(<fcd-export><timestep time="0">
    <vehicle id="a" x="290" y="300" lane="W_0" pos="290"/>
    <vehicle id="b" x="290" y="300" lane="W_0" pos="290"/></timestep></fcd-export>)";
  const int32_t west = network_.FindEdge("W"), east = network_.FindEdge("E");
  const int32_t south = network_.FindEdge("S");
  FcdReaderOptions options;
  options.known["a"] = {.id = "a", .type = "bus", .length = 12, .route = {west, east}};
  options.known["b"] = {.id = "b", .type = "car", .route = {south, east}};
  FcdReader reader(File(text), network_, options);
  EXPECT_EQ(reader.vehicles()[0].route, (std::vector<int32_t>{west, east}));
  EXPECT_EQ(reader.vehicles()[0].length, 12);
  EXPECT_EQ(reader.vehicles()[1].route, (std::vector<int32_t>{west}));
}

TEST_F(FcdTest, NamesThePlaceOfAnError) {
  const std::string open = "<fcd-export>\n<timestep time=\"0\">\n";
  const std::string close = "\n</timestep></fcd-export>";
  ExpectError("<net/>", "a.xml:1:1: no floating car data; the file begins with <net>");
  ExpectError(open + "<vehicle x=\"1\" y=\"1\"/>" + close, "a.xml:3:1: <vehicle> without its id");
  ExpectError(open + "<vehicle id=\"a\" x=\"1\"/>" + close, "'a' without its x and y");
  ExpectError(open + "<vehicle id=\"a\" x=\"1m\" y=\"1\"/>" + close, "x: '1m' is no number");
  ExpectError(open + "<vehicle id=\"a\" x=\"nan\" y=\"1\"/>" + close, "x: 'nan' is no number");
  ExpectError(open + "<vehicle id=\"a\" x=\"1e300\" y=\"1\"/>" + close, "is farther away than");
  ExpectError(open + "<vehicle id=\"a\" x=\"1\" y=\"1\" lane=\"X_0\"/>" + close,
              "the network has no lane 'X_0'");
  ExpectError(
      open + "<vehicle id=\"a\" x=\"1\" y=\"1\"/>\n<vehicle id=\"a\" x=\"1\" y=\"1\"/>" + close,
      "a.xml:4:1: <vehicle>: 'a' a second time");
  ExpectError("<fcd-export><timestep/></fcd-export>", "<timestep> without its time");
  ExpectError("<fcd-export><timestep time=\"1\"/><timestep time=\"1\"/></fcd-export>",
              "time 1 comes after 1");
}

}  // namespace
}  // namespace tersor::twin
