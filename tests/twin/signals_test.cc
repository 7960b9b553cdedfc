#include "tersor/twin/signals.h"

#include <gtest/gtest.h>

#include "crossing_network.h"
#include "small_network.h"

namespace tersor::twin {
namespace {

int32_t LinkOf(const Network& network, const std::string& via) {
  for (size_t i = 0; i < network.connections.size(); ++i) {
    if (network.connections[i].via == network.FindLane(via)) {
      return static_cast<int32_t>(i);
    }
  }
  return -1;
}

TEST(LinkSignalsTest, FollowsThePlanFromItsOffsetOn) {
  const Network network = ParseNetwork(testing::kSmallNetwork, "small");
  LinkSignals signals(network);
  const int32_t straight = LinkOf(network, ":J_1_0"), side = LinkOf(network, ":J_3_0");
  // 30 s green, 5 s yellow, 25 s red, begun at 10 s.
  struct Answer {
    double time;
    char straight, side;
  };
  for (const Answer& answer :
       {Answer{10, 'G', 'r'}, Answer{39.9, 'G', 'r'}, Answer{40, 'y', 'r'}, Answer{45, 'r', 'g'},
        Answer{69.9, 'r', 'g'}, Answer{70, 'G', 'r'}, Answer{9.9, 'r', 'g'}, Answer{0, 'r', 'g'}}) {
    signals.Set(answer.time);
    EXPECT_EQ(signals.letter(straight), answer.straight) << answer.time;
    EXPECT_EQ(signals.letter(side), answer.side) << answer.time;
  }
}

TEST(LinkSignalsTest, LettersMeanWhatSumoSays) {
  const Network network = ParseNetwork(testing::kSmallNetwork, "small");
  LinkSignals signals(network);
  const int32_t straight = LinkOf(network, ":J_1_0"), side = LinkOf(network, ":J_3_0");
  signals.Set(10);
  EXPECT_TRUE(signals.Major(straight));
  EXPECT_TRUE(signals.Red(side));
  EXPECT_EQ(signals.state(0), "GGGr");
  signals.Set(41);
  EXPECT_TRUE(signals.Yellow(straight));
  EXPECT_FALSE(signals.Major(straight));
  signals.Set(50);
  EXPECT_FALSE(signals.Red(side));
  EXPECT_FALSE(signals.Major(side));  // green, but it yields
}

TEST(LinkSignalsTest, WithoutASignalTheNetworksLetterStays) {
  const Network network = CrossingNetwork();
  LinkSignals signals(network);
  signals.Set(1000);
  EXPECT_TRUE(signals.Major(LinkOf(network, ":C_2_0")));
  EXPECT_EQ(signals.letter(LinkOf(network, ":C_1_0")), 'm');
}

TEST(LinkSignalsTest, NamesThePlanWithTooFewLetters) {
  Network network = ParseNetwork(testing::kSmallNetwork, "small");
  network.signals[0].phases[1].state = "yy";
  EXPECT_EQ(testing::MessageOf([&] { LinkSignals signals(network); }),
            "signal 'S': phase 'yy' has no letter for link 2");
}

}  // namespace
}  // namespace tersor::twin
