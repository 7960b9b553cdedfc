#include "tersor/twin/signal_reader.h"

#include <string_view>

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
  if (signal.type != "static") {
    warnings.Once(element, "the type " + Quoted(signal.type) + " runs its phases' fixed durations");
  }
  return signal;
}

}  // namespace tersor::twin
