#include "tersor/twin/signal_reader.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "tersor/util/quoted.h"

namespace tersor::twin {
namespace {

SignalPhase ReadPhase(const XmlElement& element, InputWarnings& warnings) {
  warnings.UnknownAttributes(element, {"duration", "state", "minDur", "maxDur", "name", "yellow",
                                       "red", "vehext", "earliestEnd", "latestEnd"});
  SignalPhase phase = {element.Positive("duration"), std::string(element.Text("state"))};
  const size_t odd = phase.state.find_first_not_of("GgYyRruoOs");
  if (phase.state.empty() || odd != std::string::npos) {
    element.FailAt("state", ": ", Quoted(phase.state),
                   phase.state.empty() ? " has no letters" : " has a letter that is no state",
                   "; known ones are G g y r u o O s");
  }
  return phase;
}

/// A NEMA phase: one movement's green, how long it may last, and what comes after it.
struct NemaPhase {
  std::string name, state;
  double green = 0, yellow = 0, red = 0;  // s
};

std::vector<NemaPhase> ReadNemaPhases(const XmlElement& element) {
  std::vector<NemaPhase> phases;
  for (const XmlElement& child : element.Children("phase")) {
    phases.push_back({std::string(child.Text("name", "")), std::string(child.Text("state")),
                      child.Positive("maxDur", child.Positive("duration")),
                      child.NonNegative("yellow", 3), child.NonNegative("red", 0)});
  }
  return phases;
}

/// The value of <param key="...">, such as "1,2,3,4" of ring1.
std::vector<std::string_view> Ring(const XmlElement& element, std::string_view key) {
  for (const XmlElement& child : element.Children("param")) {
    if (child.Text("key", "") == key) {
      return SplitWords(child.Text("value", ""), ',');
    }
  }
  return {};
}

/// Which phases run together: those at the same place of the two rings, or else each alone.
std::vector<std::vector<size_t>> NemaStages(const XmlElement& element,
                                            const std::vector<NemaPhase>& phases) {
  const auto first = Ring(element, "ring1"), second = Ring(element, "ring2");
  std::vector<std::vector<size_t>> stages;
  for (size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    std::vector<size_t> stage;
    for (const auto& ring : {first, second}) {
      for (size_t phase = 0; i < ring.size() && phase < phases.size(); ++phase) {
        if (phases[phase].name == ring[i]) {
          stage.push_back(phase);
        }
      }
    }
    if (!stage.empty()) {
      stages.push_back(stage);
    }
  }
  for (size_t phase = 0; stages.empty() && phase < phases.size(); ++phase) {
    stages.push_back({phase});
  }
  return stages;
}

std::vector<SignalPhase> FixedNemaPlan(const XmlElement& element) {
  const std::vector<NemaPhase> phases = ReadNemaPhases(element);
  std::vector<SignalPhase> plan;
  for (const std::vector<size_t>& stage : NemaStages(element, phases)) {
    NemaPhase all = phases[stage.front()];
    for (const size_t index : stage) {
      const NemaPhase& phase = phases[index];
      all.green = std::max(all.green, phase.green);
      all.yellow = std::max(all.yellow, phase.yellow);
      all.red = std::max(all.red, phase.red);
      for (size_t i = 0; i < all.state.size(); ++i) {
        const bool greener =
            phase.state[i] == 'G' || (phase.state[i] == 'g' && all.state[i] != 'G');
        all.state[i] = greener ? phase.state[i] : all.state[i];
      }
    }
    const auto without_green = [&](char instead) {
      std::string state = all.state;
      std::replace(state.begin(), state.end(), 'g', instead);
      std::replace(state.begin(), state.end(), 'G', instead);
      return state;
    };
    plan.push_back({all.green, all.state});
    for (const auto& [duration, letter] : {std::pair(all.yellow, 'y'), std::pair(all.red, 'r')}) {
      if (duration > 0) {
        plan.push_back({duration, without_green(letter)});
      }
    }
  }
  return plan;
}

/// Of the connections that the signal controls, the highest index.
int32_t LastLink(const Network& network, int32_t signal) {
  int32_t last = -1;
  for (const Connection& connection : network.connections) {
    last = connection.signal == signal ? std::max(last, connection.link) : last;
  }
  return last;
}

}  // namespace

Signal ReadSignal(const XmlElement& element, InputWarnings& warnings) {
  warnings.UnknownAttributes(element, {"id", "type", "programID", "offset"});
  Signal signal;
  signal.id = element.Text("id");
  signal.program = element.Text("programID", "0");
  signal.type = element.Text("type", "static");
  signal.offset = element.Time("offset", 0);
  for (const XmlElement& child : element.Children("phase")) {
    signal.phases.push_back(ReadPhase(child, warnings));
    if (signal.phases.back().state.size() != signal.phases.front().state.size()) {
      child.FailAt("state", ": ", signal.phases.back().state.size(), " letters where the first ",
                   "phase has ", signal.phases.front().state.size());
    }
  }
  if (signal.phases.empty()) {
    element.Fail(": a signal plan without phases; give it at least one <phase duration state>");
  }
  if (signal.type == "NEMA") {
    signal.phases = FixedNemaPlan(element);
  }
  if (signal.type != "static") {
    warnings.Once(element, "the type " + Quoted(signal.type) + " runs its phases' fixed durations");
  }
  return signal;
}

void ReadSignalPlans(const std::vector<std::string>& paths, Network& network) {
  InputWarnings warnings;
  for (const std::string& path : paths) {
    const XmlDocument document = XmlDocument::Read(path);
    for (const XmlElement& element : document.Root().Children("tlLogic")) {
      Signal signal = ReadSignal(element, warnings);
      const auto found = network.signal_of.find(signal.id);
      if (found == network.signal_of.end()) {
        element.Fail(": the network has no such signal");
      }
      const int32_t last = LastLink(network, found->second);
      const size_t letters = signal.phases.front().state.size();
      if (last >= static_cast<int32_t>(letters)) {
        element.Fail(": its states have ", letters, " letters, but the signal has ", last + 1,
                     " links");
      }
      network.signals[static_cast<size_t>(found->second)] = std::move(signal);
    }
  }
}

}  // namespace tersor::twin
