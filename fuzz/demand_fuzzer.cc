// The demand reader on arbitrary bytes, over a fixed network: it either throws Error with one line,
// or every departure has a type, and a route whose edges exist.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "tersor/twin/demand.h"
#include "tersor/util/error.h"
#include "tersor/util/log.h"

namespace {

constexpr char kNetwork[] =
    "<net><edge id='a' from='A' to='B'><lane id='a_0' index='0' speed='9' length='50' "
    "shape='0,0 50,0'/><lane id='a_1' index='1' disallow='truck' speed='9' length='50' "
    "shape='0,3 50,3'/></edge><edge id='b' from='B' to='C'><lane id='b_0' index='0' speed='9' "
    "length='50' shape='50,0 99,0'/></edge><junction id='A' x='0' y='0'/><junction id='B' x='50' "
    "y='0'/><junction id='C' x='99' y='0'/><connection from='a' to='b' fromLane='0' toLane='0' "
    "dir='s' state='M'/></net>";

void Require(bool condition) {
  if (!condition) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tersor::log::SetLevel(tersor::log::Level::kOff);
  static const auto* const network =
      new tersor::twin::Network(tersor::twin::ParseNetwork(kNetwork, "network"));
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    // A short time, so that flows stay small.
    const tersor::twin::Demand demand =
        tersor::twin::ParseDemand({{text, "input"}}, *network, 1, {0, 100});
    for (const auto& departure : demand.departures) {
      const auto& type = demand.types.at(static_cast<size_t>(departure.type));
      Require(type.length > 0 && type.max_speed > 0 && type.speed_factor > 0);
      Require(departure.time >= 0 && departure.time < 100);
      const auto& edges = demand.routes.at(static_cast<size_t>(departure.route)).edges;
      Require(!edges.empty());
      for (const int32_t edge : edges) {
        Require(edge >= 0 && static_cast<size_t>(edge) < network->edges.size());
      }
    }
  } catch (const tersor::Error& error) {
    Require(std::string_view(error.what()).find('\n') == std::string_view::npos);
  }
  return 0;
}
