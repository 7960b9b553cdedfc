// A sequence of edges as one way on which places are metres from its start.
#ifndef TERSOR_TWIN_EDGE_WAY_H_
#define TERSOR_TWIN_EDGE_WAY_H_

#include <cstdint>
#include <span>
#include <vector>

#include "tersor/twin/network.h"
#include "tersor/twin/recording.h"

namespace tersor::twin {

/// Lanes along a sequence of edges, with the internal lanes between them, and how far each begins
/// from the start of the first edge.
class EdgeWay {
 public:
  /// Throws Error on no edge, on an internal one, and on two that no connection joins, naming them.
  EdgeWay(const Network& network, std::span<const int32_t> edges);

  double length() const { return edge_begin_.back(); }  // m
  /// Metres from the start to `position` on `lane`; NaN where the lane is not part of it.
  double Place(int32_t lane, double position) const;
  /// Where each edge begins, and the end.
  std::span<const double> edge_begins() const { return edge_begin_; }

 private:
  double AddLink(const Network& network, int32_t from, int32_t to);

  std::vector<double> lane_begin_;  // of every lane of the network; NaN: not part
  std::vector<double> edge_begin_;
};

/// The edge on which the recording has most entries, prolonged both ways straight on, as far as
/// the network goes straight. Empty where nobody was on a normal edge.
std::vector<int32_t> BusiestWay(const Network& network, const Recording& recording);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_EDGE_WAY_H_
