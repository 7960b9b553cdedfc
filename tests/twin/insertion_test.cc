#include "tersor/twin/insertion.h"

#include <gtest/gtest.h>

#include "crossing_network.h"
#include "small_network.h"
#include "traffic_scene.h"

namespace tersor::twin {
namespace {

using testing::Scene;

/// A scene with the departures of a text, none of which are on the road yet.
class InsertionTest : public ::testing::Test {
 protected:
  void Depart(const std::string& xml) {
    demand_ =
        ParseDemand({{"<routes><vType id='t' sigma='0' speedDev='0'/>" + xml + "</routes>", "r"}},
                    scene_.network, 1);
    insertion_ = std::make_unique<Insertion>(scene_.graph, demand_, 0.1, 0, 1);
  }
  size_t Insert() { return insertion_->Insert(scene_.state, scene_.signals).size(); }
  const VehicleFields& fields() const { return scene_.state.fields; }

  Scene scene_{testing::TwoLanes(500)};
  Demand demand_;
  std::unique_ptr<Insertion> insertion_;
};

std::string Vehicle(const std::string& id, const std::string& more) {
  return "<vehicle id='" + id + "' type='t' depart='0' " + more + "><route edges='e f'/></vehicle>";
}

TEST_F(InsertionTest, StandsWithItsRearJustOnTheRoad) {
  Depart(Vehicle("a", ""));
  ASSERT_EQ(Insert(), 1u);
  EXPECT_DOUBLE_EQ(fields().position[0], 5.1);
  EXPECT_DOUBLE_EQ(fields().speed[0], 0);
  EXPECT_EQ(fields().lane[0], scene_.Lane("e_0"));
  EXPECT_TRUE(insertion_->done());
}

TEST_F(InsertionTest, TakesLanePositionAndSpeedAsAsked) {
  Depart(Vehicle("a", "departLane='1' departPos='-100' departSpeed='12.5'"));
  ASSERT_EQ(Insert(), 1u);
  EXPECT_EQ(fields().lane[0], scene_.Lane("e_1"));
  EXPECT_DOUBLE_EQ(fields().position[0], 400);
  EXPECT_DOUBLE_EQ(fields().speed[0], 12.5);
}

TEST_F(InsertionTest, WhoDoesNotFitHoldsOnlyHisOwnLane) {
  Depart(Vehicle("a", "departLane='0'") + Vehicle("b", "departLane='0'") +
         Vehicle("c", "departLane='1'") + Vehicle("d", "departLane='0' departPos='300'"));
  EXPECT_EQ(Insert(), 2u);  // a and c; d is not asked, since its lane refused b
  EXPECT_EQ(insertion_->waiting(), 2);
  EXPECT_EQ(scene_.state.on_lane(scene_.Lane("e_0")).size(), 1u);
  EXPECT_EQ(scene_.state.on_lane(scene_.Lane("e_1")).size(), 1u);
}

TEST_F(InsertionTest, AsksForTheSpeedThatItCannotHave) {
  // 20 m/s behind somebody who stands 40 m ahead is not safe: with a given speed it waits, with
  // "max" it comes slower.
  scene_.Add("e_0", 50, 0, {"e", "f"});
  Depart(Vehicle("a", "departLane='0' departSpeed='20'"));
  EXPECT_EQ(Insert(), 0u);
  Depart(Vehicle("b", "departLane='0' departSpeed='max'"));
  ASSERT_EQ(Insert(), 1u);
  const auto b = static_cast<size_t>(scene_.state.on_lane(scene_.Lane("e_0")).back());
  EXPECT_GT(fields().speed[b], 5);
  EXPECT_LT(fields().speed[b], 20);
}

TEST_F(InsertionTest, FreeMeansTheLaneWithMostRoomAndItsBegin) {
  scene_.Add("e_0", 100, 0, {"e", "f"});
  scene_.Add("e_1", 200, 0, {"e", "f"});
  Depart(Vehicle("a", "departLane='free' departPos='free' departSpeed='max'"));
  ASSERT_EQ(Insert(), 1u);
  const auto a = static_cast<size_t>(scene_.state.on_lane(scene_.Lane("e_1")).back());
  EXPECT_DOUBLE_EQ(fields().position[a], 0);
}

TEST_F(InsertionTest, DoesNotForceThoseBehindToBrakeHard) {
  scene_.Add("e_0", 10, 15, {"e", "f"});
  Depart(Vehicle("a", "departLane='0' departPos='40'"));
  EXPECT_EQ(Insert(), 0u);
}

TEST_F(InsertionTest, NamesTheDepartureThatCannotBe) {
  Depart(Vehicle("a", ""));
  const auto message = [&](const Departure& departure) {
    Demand demand = demand_;
    demand.departures = {departure};
    return testing::MessageOf([&] { Insertion(scene_.graph, demand, 0.1, 0, 1); });
  };
  Departure departure = demand_.departures[0];
  departure.lane_choice = Departure::LaneChoice::kIndex;
  departure.lane = 2;
  EXPECT_EQ(message(departure), "vehicle 'a': departLane is 2, but edge 'e' has 2 lane(s)");
  departure.lane = 0;
  departure.position_choice = Departure::PositionChoice::kMetres;
  departure.position = 501;
  EXPECT_EQ(message(departure), "vehicle 'a': departPos is 501, but edge 'e' is 500 m long");
}

}  // namespace
}  // namespace tersor::twin
