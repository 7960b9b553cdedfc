// Signal plans: <tlLogic> of networks and of additional files.
#ifndef TERSOR_TWIN_SIGNAL_READER_H_
#define TERSOR_TWIN_SIGNAL_READER_H_

#include <string>
#include <vector>

#include "tersor/twin/network.h"
#include "tersor/twin/xml_reader.h"

namespace tersor::twin {

/// Reads one plan. A NEMA controller becomes the fixed plan in which each phase of its two rings
/// stays as long as the longer of the pair, with yellow and red after it. Those that SUMO adapts to
/// the traffic (actuated and the like) keep the durations as written, which a warning says. Throws
/// Error naming the place: no phases or states, letters that are none, states of different lengths,
/// durations that are not positive.
Signal ReadSignal(const XmlElement& element, InputWarnings& warnings);

/// Replaces signals of the network by the plans in additional files, the last of each id. Throws
/// Error naming the place: a signal that the network does not have, too few letters for its links.
void ReadSignalPlans(const std::vector<std::string>& paths, Network& network);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_SIGNAL_READER_H_
