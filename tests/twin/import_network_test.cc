#include "tersor/twin/import_network.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "test_files.h"
#include "twin/small_network.h"

namespace tersor::twin {
namespace {

using tersor::testing::RunCommand;
using tersor::testing::Spill;
using tersor::testing::TemporaryFolder;
using testing::MessageOf;

// Two streets that cross.
constexpr char kMap[] = R"(<?xml version="1.0"?>
<osm version="0.6">
 <node id="1" lat="33.2300" lon="-87.6200"/>
 <node id="2" lat="33.2310" lon="-87.6200"/>
 <node id="3" lat="33.2320" lon="-87.6200"/>
 <node id="4" lat="33.2310" lon="-87.6215"/>
 <node id="5" lat="33.2310" lon="-87.6185"/>
 <way id="10"><nd ref="1"/><nd ref="2"/><nd ref="3"/><tag k="highway" v="primary"/></way>
 <way id="11"><nd ref="4"/><nd ref="2"/><nd ref="5"/><tag k="highway" v="residential"/></way>
</osm>
)";

TEST(ImportNetwork, ReadsSumosOwnDirectly) {
  const TemporaryFolder folder;
  Spill(folder / "s.net.xml", testing::kSmallNetwork);
  EXPECT_EQ(ImportNetwork(folder / "s.net.xml").edges.size(), 8U);
}

TEST(ImportNetwork, ConvertsMaps) {
  if (RunCommand("netconvert --version").code != 0) {
    GTEST_SKIP() << "netconvert is not installed";
  }
  const TemporaryFolder folder;
  Spill(folder / "m.osm", kMap);
  const Network network = ImportNetwork(folder / "m.osm");
  EXPECT_GT(network.edges.size(), 8U);
  EXPECT_NE(network.projection, "!");
  // A square of four junctions, two edges a side.
  ASSERT_EQ(
      RunCommand("netgenerate --grid --grid.number 2 --opendrive-output " + (folder / "m.xodr"))
          .code,
      0);
  EXPECT_GE(ImportNetwork(folder / "m.xodr").edges.size(), 8U);
  Spill(folder / "bad.osm.xml", "<osm><node></osm>");
  const std::string message = MessageOf([&] { ImportNetwork(folder / "bad.osm.xml"); });
  EXPECT_NE(message.find("bad.osm.xml: netconvert failed: Error:"), std::string::npos) << message;
}

TEST(ImportNetwork, SaysWhatIsMissing) {
  const TemporaryFolder folder;
  EXPECT_NE(MessageOf([&] { ImportNetwork(folder / "no.osm"); }).find("no such file"),
            std::string::npos);
  Spill(folder / "m.osm", kMap);
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", folder.path().c_str(), 1);
  const std::string message = MessageOf([&] { ImportNetwork(folder / "m.osm"); });
  ::setenv("PATH", path.c_str(), 1);
  EXPECT_NE(message.find("netconvert of SUMO is needed"), std::string::npos) << message;
}

}  // namespace
}  // namespace tersor::twin
