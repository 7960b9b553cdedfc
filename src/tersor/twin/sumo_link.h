// A real SUMO behind the interface of our own traffic: in this process through libsumo, or one that
// runs elsewhere and listens for TraCI, through libtraci. Both come with Debian's package sumo;
// they are loaded when first asked for, so that nothing else needs them.
#ifndef TERSOR_TWIN_SUMO_LINK_H_
#define TERSOR_TWIN_SUMO_LINK_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tersor/twin/network.h"
#include "tersor/twin/traffic.h"

namespace tersor::twin {

struct SumoOptions {
  /// SUMO's command line without the program: "-c", "x.sumocfg", ... Of libsumo only.
  std::vector<std::string> arguments;
  /// host:port of a SUMO that runs with --remote-port; "": libsumo.
  std::string remote;
  double connect_seconds = 10;  // to wait for it
  /// What of its type's values a driver changes because of the weather, when he departs; empty:
  /// nothing. Of the speed factor, tau, and accel and decel.
  struct Factors {
    double speed = 1, headway = 1, accel = 1;
  };
  std::function<Factors(const std::string& vehicle, double time)> factors;
};

/// Starts SUMO; libsumo holds one simulation a process. `network` is what SUMO has loaded, and must
/// outlive the traffic. Throws Error where SUMO is not installed or has another API version, where
/// it refuses its input, or where nothing answers at the port; Traffic::Step() does where SUMO
/// ends. What is in the last snapshot stays readable then.
std::unique_ptr<Traffic> StartSumo(const SumoOptions& options, const Network& network);

/// What the modules libtersor_sumo and libtersor_traci export.
using SumoEntry = std::unique_ptr<Traffic> (*)(const SumoOptions&, const Network&);
inline constexpr const char* kSumoEntry = "tersor_sumo_entry";

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_SUMO_LINK_H_
