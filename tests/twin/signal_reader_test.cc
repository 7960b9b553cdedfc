#include "tersor/twin/signal_reader.h"

#include <gtest/gtest.h>

#include "test_files.h"
#include "twin/small_network.h"

namespace tersor::twin {
namespace {

using testing::MessageOf;

Signal Read(const std::string& element) {
  const XmlDocument document(element, "s.xml");
  InputWarnings warnings;
  return ReadSignal(document.Root(), warnings);
}

TEST(SignalReader, ActuatedPlansKeepTheirDurations) {
  const Signal signal = Read(
      "<tlLogic id='S' type='actuated' programID='1' offset='3'><param key='max-gap' value='3'/>"
      "<phase duration='20' minDur='5' maxDur='50' state='Gr'/><phase duration='4' state='yr'/>"
      "</tlLogic>");
  EXPECT_EQ(signal.program, "1");
  EXPECT_EQ(signal.offset, 3);
  ASSERT_EQ(signal.phases.size(), 2U);
  EXPECT_EQ(signal.phases[0].duration, 20);
}

TEST(SignalReader, NemaRingsBecomeStages) {
  const Signal signal = Read(
      "<tlLogic id='S' type='NEMA'><param key='ring1' value='1,2'/><param key='ring2' value='5,0'/>"
      "<phase duration='99' maxDur='20' yellow='4' red='2' name='1' state='Grr'/>"
      "<phase duration='99' maxDur='30' yellow='3' red='0' name='2' state='rrG'/>"
      "<phase duration='99' maxDur='25' yellow='3' red='1' name='5' state='rgr'/></tlLogic>");
  ASSERT_EQ(signal.phases.size(), 5U);
  EXPECT_EQ(signal.phases[0].state, "Ggr");
  EXPECT_EQ(signal.phases[0].duration, 25);
  EXPECT_EQ(signal.phases[1].state, "yyr");
  EXPECT_EQ(signal.phases[1].duration, 4);
  EXPECT_EQ(signal.phases[2].state, "rrr");
  EXPECT_EQ(signal.phases[2].duration, 2);
  EXPECT_EQ(signal.phases[3].state, "rrG");
  EXPECT_EQ(signal.phases[4].state, "rry");
}

TEST(SignalReader, SaysWhatIsWrong) {
  EXPECT_NE(MessageOf([] { Read("<tlLogic id='S'/>"); })
                .find("s.xml:1:2: tlLogic 'S': a signal "
                      "plan without phases"),
            std::string::npos);
  EXPECT_NE(MessageOf([] {
              Read("<tlLogic id='S'><phase duration='5'/></tlLogic>");
            }).find("attribute state is missing"),
            std::string::npos);
  EXPECT_NE(MessageOf([] {
              Read("<tlLogic><phase duration='5' state='G'/></tlLogic>");
            }).find("attribute id is missing"),
            std::string::npos);
}

TEST(SignalReader, AdditionalPlansReplaceTheNetworks) {
  const tersor::testing::TemporaryFolder folder;
  const auto read = [&](const std::string& text) {
    Network network = ParseNetwork(testing::kSmallNetwork, "small");
    tersor::testing::Spill(folder / "tls.add.xml", "<additional>" + text + "</additional>");
    ReadSignalPlans({folder / "tls.add.xml"}, network);
    return network;
  };
  const Network network =
      read("<tlLogic id='S' programID='new'><phase duration='9' state='rrrr'/></tlLogic>");
  ASSERT_EQ(network.signals.size(), 1U);
  EXPECT_EQ(network.signals[0].program, "new");
  EXPECT_EQ(network.signals[0].cycle(), 9);
  EXPECT_NE(MessageOf([&] {
              read("<tlLogic id='T'><phase duration='9' state='r'/></tlLogic>");
            }).find("'T': the network has no such signal"),
            std::string::npos);
  EXPECT_NE(MessageOf([&] {
              read("<tlLogic id='S'><phase duration='9' state='rrr'/></tlLogic>");
            }).find("3 letters, but the signal has 4 links"),
            std::string::npos);
}

}  // namespace
}  // namespace tersor::twin
