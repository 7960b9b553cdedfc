#include "tersor/twin/signals.h"

#include "tersor/util/error.h"

namespace tersor::twin {
namespace {

// Times are multiples of the step length, rounded; a phase begins at its first instant all the
// same.
constexpr double kRounding = 1e-6;  // s

}  // namespace

LinkSignals::LinkSignals(const Network& network)
    : network_(&network), phase_(network.signals.size(), -1), links_(network.signals.size()) {
  for (const Signal& signal : network.signals) {
    TERSOR_CHECK(!signal.phases.empty() && signal.cycle() > 0, "signal '", signal.id,
                 "' has no phase of positive duration");
  }
  letters_.reserve(network.connections.size());
  for (size_t i = 0; i < network.connections.size(); ++i) {
    const Connection& connection = network.connections[i];
    letters_.push_back(connection.state);
    if (connection.signal < 0) {
      continue;
    }
    const auto signal = static_cast<size_t>(connection.signal);
    for (const SignalPhase& phase : network.signals[signal].phases) {
      TERSOR_CHECK(
          connection.link >= 0 && static_cast<size_t>(connection.link) < phase.state.size(),
          "signal '", network.signals[signal].id, "': phase '", phase.state,
          "' has no letter for link ", connection.link);
    }
    links_[signal].push_back(static_cast<int32_t>(i));
  }
}

void LinkSignals::Set(double time) {
  for (size_t i = 0; i < phase_.size(); ++i) {
    const Signal& signal = network_->signals[i];
    const int32_t phase = signal.PhaseAt(time + kRounding);
    if (phase == phase_[i]) {
      continue;
    }
    phase_[i] = phase;
    const std::string& state = signal.phases[static_cast<size_t>(phase)].state;
    for (const int32_t link : links_[i]) {
      const int32_t letter = network_->connections[static_cast<size_t>(link)].link;
      letters_[static_cast<size_t>(link)] = state[static_cast<size_t>(letter)];
    }
  }
}

std::string_view LinkSignals::state(int32_t signal) const {
  const auto s = static_cast<size_t>(signal);
  return network_->signals[s].phases[static_cast<size_t>(phase_[s])].state;
}

}  // namespace tersor::twin
