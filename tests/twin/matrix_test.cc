#include "tersor/twin/matrix/matrix.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "test_files.h"
#include "twin/small_network.h"

namespace tersor::twin {
namespace {

using testing::MessageOf;

std::string Message(const std::string& yaml) {
  return MessageOf([&] { ParseMatrix(yaml, "m/matrix.yaml"); });
}

TEST(Matrix, ReadsItsLists) {
  const Matrix matrix = ParseMatrix(
      "network: map.net.xml\nroutes: [demand.rou.xml]\nend: 600\nmeasures: {ttc: 1.5}\n"
      "demand: [0.6, 1]\nweather: [clear_dry, snow+fog_medium]\nlight: [day, night]\n"
      "arms: [C, A]\nseeds: 3\nanimation: {begin: 60, end: 180}\n",
      "m/matrix.yaml", 5);
  EXPECT_EQ(matrix.name, "matrix");
  EXPECT_EQ(matrix.base.network, "m/map.net.xml");
  EXPECT_EQ(matrix.base.measures.ttc_threshold, 1.5);
  EXPECT_EQ(matrix.demands, (std::vector<double>{0.6, 1}));
  ASSERT_EQ(matrix.weathers.size(), 2u);
  EXPECT_EQ(matrix.weathers[1].name, "snow+fog_medium");
  EXPECT_EQ(matrix.arms, (std::vector<Arm>{Arm::kPlain, Arm::kTwin}));
  EXPECT_EQ(matrix.seeds, (std::vector<uint64_t>{5, 6, 7}));
  EXPECT_EQ(matrix.animation_end, 180);
  // Of arm A two demands, of arm C each with two weathers by day and by night; times three seeds.
  EXPECT_EQ(matrix.Cells().size(), 3u * (2 + 2 * 2 * 2));
  std::set<std::string> names;
  for (const MatrixCell& cell : matrix.Cells()) {
    names.insert(matrix.NameOf(cell));
  }
  EXPECT_EQ(names.size(), matrix.Cells().size());
  EXPECT_TRUE(names.contains("A-demand0.6-seed6"));
  EXPECT_TRUE(names.contains("C-demand1-snow+fog_medium-night-seed7"));
}

TEST(Matrix, ACellsScenario) {
  const Matrix matrix = ParseMatrix(
      "corridor: {end: 300}\ndemand: [0.5, 1]\nweather: [heavy_rain]\nlight: [day, night]\n"
      "twins: {share: 0.25}\nseeds: [4, 9]\n",
      "matrix.yaml");
  EXPECT_TRUE(matrix.on_corridor);
  EXPECT_EQ(matrix.corridor.end, 300);
  EXPECT_EQ(matrix.seeds, (std::vector<uint64_t>{4, 9}));
  const Scenario twin = matrix.ScenarioOf(matrix.CellOf(0.5, Arm::kTwin, 0, true, 9));
  EXPECT_EQ(twin.demand, 0.5);
  EXPECT_EQ(twin.arm, "C");
  EXPECT_EQ(twin.weather, "heavy_rain+night_dry");
  EXPECT_EQ(twin.twins.share, 0.25);
  EXPECT_FALSE(twin.fcd);
  // Plain traffic knows neither weather nor light: one run stands for all.
  const MatrixCell plain = matrix.CellOf(1, Arm::kPlain, 0, true, 4);
  EXPECT_EQ(plain, matrix.CellOf(1, Arm::kPlain, 0, false, 4));
  EXPECT_EQ(matrix.ScenarioOf(plain).weather, "");
  EXPECT_EQ(matrix.ScenarioOf(plain).arm, "A");
  EXPECT_EQ(matrix.WeatherOf(0, true).At(0).headlamp_range, 80);
  EXPECT_EQ(matrix.WeatherOf(0, false).At(0).headlamp_range, 0);
}

TEST(Matrix, AWeatherMayBeAFile) {
  const tersor::testing::TemporaryFolder folder;
  tersor::testing::Spill(folder / "storm.yaml", "weather: heavy_rain\nvisibility: 90\n");
  tersor::testing::Spill(folder / "matrix.yaml",
                         "corridor: {}\nweather: [clear_dry, storm.yaml]\n");
  const Matrix matrix = ReadMatrix(folder / "matrix.yaml");
  EXPECT_TRUE(matrix.on_corridor);
  EXPECT_EQ(matrix.weathers[1].name, "storm");
  EXPECT_EQ(matrix.WeatherOf(1, false).At(0).visibility, 90);
  tersor::testing::Spill(folder / "matrix.yaml",
                         "corridor: {}\nweather: [storm.yaml]\nlight: [day, night]\n");
  EXPECT_NE(MessageOf([&] { ReadMatrix(folder / "matrix.yaml"); }).find("a light of its own"),
            std::string::npos);
}

TEST(Matrix, IsToldFromAScenario) {
  EXPECT_TRUE(IsMatrix("corridor: {end: 60}\n", "x"));
  EXPECT_TRUE(IsMatrix("network: a\nseeds: 3\n", "x"));
  EXPECT_TRUE(IsMatrix("network: a\nweather: [snow]\n", "x"));
  EXPECT_TRUE(IsMatrix("network: a\ndemand: []\n", "x"));
  EXPECT_FALSE(IsMatrix("network: a\nweather: snow\ndemand: 0.8\narm: B\n", "x"));
}

TEST(Matrix, SaysWhatIsWrong) {
  const std::string head = "network: a\nroutes: [b]\n";
  const struct {
    const char *yaml, *message;
  } kCases[] = {
      {"weather: [heavy_rian]\n", "m/matrix.yaml:3: weather: "},
      {"weather: [heavy_rian]\n", "heavy_rain"},
      {"weather: []\n", "m/matrix.yaml:3: weather is an empty list"},
      {"weather: [snow, ice, snow]\n", "weather has snow twice"},
      {"demand: [1, -0.5]\n", "demand has -0.5; each must be above 0 and at most 10"},
      {"demand: [much]\n", "demand has 'much', which is no number"},
      {"demand: [nan]\n", "which is no number"},
      {"demand: []\n", "demand is an empty list"},
      {"light: [day, nihgt]\n", "light has 'nihgt'; did you mean night?"},
      {"arms: [A, D]\n", "arms has 'D'; known: A, B, C"},
      {"arms: [A, A]\n", "arms has A twice"},
      {"arms: []\n", "arms is an empty list"},
      {"seeds: 0\n", "seeds is 0; it must be within 1 and 10000"},
      {"seeds: [1, 1]\n", "seeds has 1 twice"},
      {"seeds: [-1]\n", "which is no whole number"},
      {"seeds: 2.5\n", "which is no whole number"},
      {"seeds: 3\ntwins: {share: 1.5}\n", "twins.share is 1.5; it must be in 0 .. 1"},
      {"seeds: 3\nanimation: {begin: 60, end: 20}\n", "animation lasts from 60 to 20 s"},
      {"corridor: {end: 60}\n", "corridor has a network of its own"},
      {"seeds: 3\nwaether: [snow]\n", "did you mean 'weather'?"},
      {"seeds: 3\narm: B\n", "unknown key 'arm'"},
  };
  for (const auto& [yaml, message] : kCases) {
    EXPECT_NE(Message(head + yaml).find(message), std::string::npos)
        << yaml << Message(head + yaml);
  }
  EXPECT_NE(Message("corridor: {end: -3}\n").find("m/matrix.yaml:1: corridor: end is -3 s"),
            std::string::npos);
  EXPECT_NE(Message("seeds: 3\n").find("needs either config"), std::string::npos);
}

}  // namespace
}  // namespace tersor::twin
