// The reader of floating car data on arbitrary bytes, over a fixed network: it either throws Error
// with one line, or every row of every step belongs to a vehicle and has numbers.
#include <unistd.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "tersor/twin/fcd.h"
#include "tersor/twin/network.h"
#include "tersor/util/error.h"
#include "tersor/util/log.h"

namespace {

constexpr char kNetwork[] =
    "<net><edge id='a' from='A' to='B'><lane id='a_0' index='0' speed='9' length='50' "
    "shape='0,0 50,0'/></edge><edge id='b' from='B' to='C'><lane id='b_0' index='0' speed='9' "
    "length='49' shape='50,0 99,0'/></edge><junction id='A' x='0' y='0'/><junction id='B' x='50' "
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
  // The reader goes through a file, twice.
  static const std::string path = "/tmp/tersor-fcd-fuzzer-" + std::to_string(getpid()) + ".xml";
  std::FILE* const file = std::fopen(path.c_str(), "wb");
  Require(file != nullptr && std::fwrite(data, 1, size, file) == size && std::fclose(file) == 0);
  try {
    tersor::twin::FcdReader reader(path, *network);
    while (reader.Next()) {
      const tersor::twin::Snapshot& now = reader.snapshot();
      for (size_t i = 0; i < now.vehicle.size(); ++i) {
        Require(now.vehicle[i] >= 0 &&
                static_cast<size_t>(now.vehicle[i]) < reader.vehicles().size());
        Require(std::isfinite(now.x[i]) && std::isfinite(now.y[i]) &&
                std::isfinite(now.position[i]) && std::isfinite(now.speed[i]) &&
                std::isfinite(now.angle[i]) && std::isfinite(now.accel[i]));
        Require(now.lane[i] < static_cast<int32_t>(network->lanes.size()));
      }
    }
  } catch (const tersor::Error& error) {
    Require(std::string_view(error.what()).find('\n') == std::string_view::npos);
  }
  return 0;
}
