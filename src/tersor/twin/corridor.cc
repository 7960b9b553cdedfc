#include "tersor/twin/corridor.h"

#include <fmt/format.h>

#include <cmath>

#include "tersor/twin/corridor_network.h"
#include "tersor/twin/network_writer.h"
#include "tersor/util/error.h"
#include "tersor/util/file.h"

namespace tersor::twin {
namespace {

/// Vehicles an hour from one edge to another, by the edges in between.
struct Volume {
  const char *id, *edges;
  double per_hour;
};

constexpr Volume kVolumes[] = {
    {"east", "eb1 eb1p eb2 eb3 eb3p eb4", 780},
    {"east_n1", "eb1 eb1p n1_out", 60},
    {"east_s1", "eb1 eb1p s1_out", 50},
    {"east_s2", "eb1 eb1p eb2 s2_out", 50},
    {"east_n3", "eb1 eb1p eb2 eb3 eb3p n3_out", 60},
    {"west", "wb4 wb4p wb3 wb3p wb2 wb2p wb1", 600},
    {"west_s3", "wb4 wb4p s3_out", 50},
    {"west_n3", "wb4 wb4p n3_out", 40},
    {"west_s2", "wb4 wb4p wb3 wb3p s2_out", 60},
    {"west_s1", "wb4 wb4p wb3 wb3p wb2 wb2p s1_out", 50},
    {"n1_west", "n1_in wb1", 50},
    {"n1_south", "n1_in s1_out", 90},
    {"n1_east", "n1_in eb2 eb3 eb3p eb4", 60},
    {"s1_east", "s1_in eb2 eb3 eb3p eb4", 50},
    {"s1_north", "s1_in n1_out", 90},
    {"s1_west", "s1_in wb1", 60},
    {"s2_east", "s2_in eb3 eb3p eb4", 100},
    {"s2_west", "s2_in wb2 wb2p wb1", 100},
    {"n3_west", "n3_in wb3 wb3p wb2 wb2p wb1", 50},
    {"n3_south", "n3_in s3_out", 90},
    {"n3_east", "n3_in eb4", 60},
    {"s3_east", "s3_in eb4", 50},
    {"s3_north", "s3_in n3_out", 90},
    {"s3_west", "s3_in wb3 wb3p wb2 wb2p wb1", 60},
};

constexpr char kHead[] = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\n";

}  // namespace

std::string CorridorNetworkXml() { return NetworkXml(CorridorNetwork(), kCorridorGrade); }

std::string CorridorRoutesXml(const CorridorOptions& options) {
  std::string text = kHead;
  text +=
      "<routes>\n"
      "    <vTypeDistribution id=\"traffic\">\n"
      "        <vType id=\"car\" vClass=\"passenger\" carFollowModel=\"IDM\" accel=\"1.5\" "
      "decel=\"3\" tau=\"1.2\" minGap=\"2\" speedFactor=\"normc(1,0.08,0.8,1.2)\" "
      "probability=\"0.96\"/>\n"
      "        <vType id=\"truck\" vClass=\"truck\" carFollowModel=\"IDM\" accel=\"0.8\" "
      "decel=\"3\" tau=\"1.6\" minGap=\"2.5\" speedFactor=\"normc(0.92,0.05,0.8,1)\" "
      "probability=\"0.04\"/>\n"
      "    </vTypeDistribution>\n\n";
  for (const Volume& volume : kVolumes) {
    text += fmt::format("    <route id=\"{}\" edges=\"{}\"/>\n", volume.id, volume.edges);
  }
  text += "\n";
  for (const Volume& volume : kVolumes) {
    const double rate = volume.per_hour * options.demand / 3600;
    if (rate > 0) {
      text += fmt::format(
          "    <flow id=\"{0}\" type=\"traffic\" route=\"{0}\" begin=\"0\" end=\"{1:g}\" "
          "period=\"exp({2:.6f})\" departLane=\"best\" departSpeed=\"max\"/>\n",
          volume.id, options.end, rate);
    }
  }
  return text + "</routes>\n";
}

std::string CorridorConfigXml(const CorridorOptions& options) {
  return fmt::format(
      "{}<configuration>\n"
      "    <input>\n"
      "        <net-file value=\"corridor.net.xml\"/>\n"
      "        <route-files value=\"corridor.rou.xml\"/>\n"
      "    </input>\n"
      "    <time>\n"
      "        <begin value=\"0\"/>\n"
      "        <end value=\"{:g}\"/>\n"
      "        <step-length value=\"{:g}\"/>\n"
      "    </time>\n"
      "    <processing>\n"
      "        <time-to-teleport value=\"-1\"/>\n"
      "    </processing>\n"
      "    <report>\n"
      "        <xml-validation value=\"never\"/>\n"
      "        <xml-validation.net value=\"never\"/>\n"
      "        <xml-validation.routes value=\"never\"/>\n"
      "        <no-step-log value=\"true\"/>\n"
      "    </report>\n"
      "</configuration>\n",
      kHead, options.end, options.step);
}

void Validate(const CorridorOptions& options) {
  TERSOR_CHECK(std::isfinite(options.demand) && options.demand >= 0 && options.demand <= 10,
               "corridor: demand is ", options.demand, "; it must be within 0 and 10");
  TERSOR_CHECK(std::isfinite(options.end) && options.end > 0, "corridor: end is ", options.end,
               " s; it must be after 0");
  TERSOR_CHECK(options.step >= 0.001 && options.step <= 1, "corridor: step is ", options.step,
               " s; it must be within 0.001 and 1");
}

std::string WriteCorridor(const std::string& folder, const CorridorOptions& options) {
  Validate(options);
  MakeFolders(folder);
  const std::string config = folder + "/corridor.sumocfg";
  WriteFileAtomically(folder + "/corridor.net.xml", CorridorNetworkXml());
  WriteFileAtomically(folder + "/corridor.rou.xml", CorridorRoutesXml(options));
  WriteFileAtomically(config, CorridorConfigXml(options));
  return config;
}

}  // namespace tersor::twin
