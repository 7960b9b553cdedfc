// The network reader on arbitrary bytes: it either throws Error with one line, or what it returns
// refers only to what is there, and can be written, read again and routed through.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tersor/twin/network.h"
#include "tersor/twin/network_writer.h"
#include "tersor/twin/router.h"
#include "tersor/util/error.h"
#include "tersor/util/log.h"

namespace {

void Require(bool condition) {
  if (!condition) {
    std::abort();
  }
}

void CheckWays(const tersor::twin::Network& network) {
  for (const auto& connection : network.connections) {
    int lanes = 0;
    for (int32_t via = connection.via; via >= 0; ++lanes) {
      const auto& next = network.lanes.at(static_cast<size_t>(via)).connections;
      Require(next.size() == 1 && lanes < 100);
      via = network.connections.at(static_cast<size_t>(next.front())).via;
    }
    Require(connection.request < 0 ||
            network.junctions.at(static_cast<size_t>(connection.junction))
                    .ways.at(static_cast<size_t>(connection.request)) >= 0);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tersor::log::SetLevel(tersor::log::Level::kOff);
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  tersor::twin::Network network;
  try {
    network = tersor::twin::ParseNetwork(text, "input");
  } catch (const tersor::Error& error) {
    Require(std::string_view(error.what()).find('\n') == std::string_view::npos);
    return 0;
  }
  CheckWays(network);
  const tersor::twin::Router router(network);
  const int32_t last = static_cast<int32_t>(network.edges.size()) - 1;
  router.ShortestPath(0, last, {});
  try {
    // Numbers are cut to 0.01, so that tiny ones become 0.
    CheckWays(tersor::twin::ParseNetwork(tersor::twin::NetworkXml(network), "written"));
  } catch (const tersor::Error&) {
  }
  return 0;
}
