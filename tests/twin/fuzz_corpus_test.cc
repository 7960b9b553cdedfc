// Replays the kept inputs of the twin's fuzzers, under the sanitizers too.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <utility>

#include "tersor/twin/demand.h"
#include "tersor/twin/fcd.h"
#include "tersor/twin/network.h"
#include "tersor/util/error.h"
#include "test_files.h"
#include "twin/small_network.h"

namespace tersor::twin {
namespace {

/// Accepted and refused inputs of a folder; anything but tersor::Error fails the test.
std::pair<int, int> Replay(const std::string& name,
                           const std::function<void(const std::string&)>& parse) {
  int accepted = 0, refused = 0;
  for (const auto& file :
       std::filesystem::directory_iterator(std::string(TERSOR_SOURCE_DIR "/fuzz/corpus/") + name)) {
    const std::string text = tersor::testing::Slurp(file.path());
    const std::string message = testing::MessageOf([&] { parse(text); });
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    ++(message.empty() ? accepted : refused);
  }
  return {accepted, refused};
}

TEST(FuzzCorpus, Network) {
  const auto [accepted, refused] =
      Replay("network", [](const std::string& text) { ParseNetwork(text, "input"); });
  EXPECT_EQ(accepted, 2);
  EXPECT_EQ(refused, 5);
}

TEST(FuzzCorpus, Demand) {
  const Network network = ParseNetwork(testing::kSmallNetwork, "small");
  const auto [accepted, refused] = Replay("demand", [&](const std::string& text) {
    ParseDemand({{text, "input"}}, network, 1, {0, 100});
  });
  EXPECT_EQ(accepted, 3);
  EXPECT_EQ(refused, 3);
}

TEST(FuzzCorpus, Fcd) {
  const Network network = ParseNetwork(testing::kSmallNetwork, "small");
  const tersor::testing::TemporaryFolder folder;
  const auto [accepted, refused] = Replay("fcd", [&](const std::string& text) {
    std::ofstream(folder / "in.xml", std::ios::binary) << text;
    FcdReader reader(folder / "in.xml", network);
    while (reader.Next()) {
    }
  });
  EXPECT_EQ(accepted, 4);
  EXPECT_EQ(refused, 5);
}

}  // namespace
}  // namespace tersor::twin
