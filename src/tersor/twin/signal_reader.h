// Signal plans: <tlLogic> of networks and of additional files.
#ifndef TERSOR_TWIN_SIGNAL_READER_H_
#define TERSOR_TWIN_SIGNAL_READER_H_

#include "tersor/twin/network.h"
#include "tersor/twin/xml_reader.h"

namespace tersor::twin {

/// Reads one plan. Those that SUMO adapts to the traffic (actuated and the like) keep the durations
/// as written, which a warning says. Throws Error naming the place: no phases or states, letters
/// that are none, states of different lengths, durations that are not positive.
Signal ReadSignal(const XmlElement& element, InputWarnings& warnings);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_SIGNAL_READER_H_
