#include "tersor/twin/network_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "tersor/report/html.h"
#include "tersor/twin/vehicle_class.h"
#include "tersor/util/error.h"

namespace tersor::twin {
namespace {

size_t Index(int32_t index) { return static_cast<size_t>(index); }

class NetworkWriter {
 public:
  NetworkWriter(const Network& network, double grade) : network_(network), grade_(grade) {}

  std::string Write() {
    Add("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\n<net version=\"1.9\" "
        "junctionCornerDetail=\"5\" limitTurnSpeed=\"5.50\">\n\n");
    const Point &low = network_.low, &high = network_.high, &offset = network_.net_offset;
    Add("    <location netOffset=\"{:.2f},{:.2f}\" "
        "convBoundary=\"{:.2f},{:.2f},{:.2f},{:.2f}\" "
        "origBoundary=\"{:.2f},{:.2f},{:.2f},{:.2f}\" projParameter=\"{}\"/>\n\n",
        offset.x, offset.y, low.x, low.y, high.x, high.y, low.x - offset.x, low.y - offset.y,
        high.x - offset.x, high.y - offset.y,
        network_.projection.empty() ? "!" : report::Escape(network_.projection));
    WriteEdges(true);
    WriteEdges(false);
    WriteSignals();
    for (const Junction& junction : network_.junctions) {
      WriteJunction(junction);
    }
    WriteInternalJunctions();
    for (const Connection& connection : network_.connections) {
      WriteConnection(connection);
    }
    return text_ + "</net>\n";
  }

 private:
  template <typename... Args>
  void Add(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
  }

  std::string Shape(const Polyline& shape) const {
    std::string text;
    for (const Point& point : shape) {
      text += fmt::format("{}{:.2f},{:.2f}", text.empty() ? "" : " ", point.x, point.y);
      if (grade_ != 0) {
        text += fmt::format(",{:.2f}", grade_ * point.x);
      }
    }
    return text;
  }

  std::string LaneIds(const std::vector<int32_t>& lanes) const {
    std::string ids;
    for (const int32_t lane : lanes) {
      ids +=
          internal::Concat(ids.empty() ? "" : " ", report::Escape(network_.lanes[Index(lane)].id));
    }
    return ids;
  }

  void WriteEdges(bool internal) {
    for (const Edge& edge : network_.edges) {
      if (edge.internal != internal) {
        continue;
      }
      Add("    <edge id=\"{}\"", report::Escape(edge.id));
      if (internal) {
        Add(" function=\"internal\">\n");
      } else {
        Add(" from=\"{}\" to=\"{}\" priority=\"{}\">\n",
            report::Escape(network_.junctions[Index(edge.from)].id),
            report::Escape(network_.junctions[Index(edge.to)].id), edge.priority);
      }
      for (const int32_t lane : edge.lanes) {
        WriteLane(network_.lanes[Index(lane)]);
      }
      Add("    </edge>\n");
    }
    Add("\n");
  }

  void WriteLane(const Lane& lane) {
    Add("        <lane id=\"{}\" index=\"{}\"", report::Escape(lane.id), lane.index);
    if (lane.allowed != kAllClasses) {
      const std::string names = ClassNames(lane.allowed);
      Add(" {}=\"{}\"", names.empty() ? "disallow" : "allow", names.empty() ? "all" : names);
    }
    Add(" speed=\"{:.2f}\" length=\"{:.2f}\" width=\"{:.2f}\"", lane.speed, lane.length,
        lane.width);
    if (lane.friction != 1) {
      Add(" friction=\"{:.2f}\"", lane.friction);
    }
    Add(" shape=\"{}\"/>\n", Shape(lane.shape));
  }

  void WriteSignals() {
    for (const Signal& signal : network_.signals) {
      Add("    <tlLogic id=\"{}\" type=\"static\" programID=\"{}\" offset=\"{:g}\">\n",
          report::Escape(signal.id), report::Escape(signal.program), signal.offset);
      for (const SignalPhase& phase : signal.phases) {
        Add("        <phase duration=\"{:g}\" state=\"{}\"/>\n", phase.duration, phase.state);
      }
      Add("    </tlLogic>\n");
    }
    Add("\n");
  }

  void WriteJunction(const Junction& junction) {
    Add("    <junction id=\"{}\" type=\"{}\" x=\"{:.2f}\" y=\"{:.2f}\"",
        report::Escape(junction.id), report::Escape(junction.type), junction.position.x,
        junction.position.y);
    if (grade_ != 0) {
      Add(" z=\"{:.2f}\"", grade_ * junction.position.x);
    }
    Add(" incLanes=\"{}\" intLanes=\"{}\" shape=\"{}\"", LaneIds(junction.incoming),
        LaneIds(junction.internal), Shape(junction.shape));
    Add("{}", junction.requests.empty() ? "/>\n" : ">\n");
    for (size_t i = 0; i < junction.requests.size(); ++i) {
      const Request& request = junction.requests[i];
      Add("        <request index=\"{}\" response=\"{}\" foes=\"{}\" cont=\"{}\"/>\n", i,
          Bits(request.response), Bits(request.foes), request.wait_inside ? 1 : 0);
    }
    if (!junction.requests.empty()) {
      Add("    </junction>\n");
    }
  }

  /// The bit of request 0 last.
  static std::string Bits(const std::vector<bool>& bits) {
    std::string text;
    for (size_t i = bits.size(); i > 0; --i) {
      text += bits[i - 1] ? '1' : '0';
    }
    return text;
  }

  /// Where a way has two internal lanes, SUMO has a junction between them: who waits there yields
  /// to those who come from its `incLanes` and to those on its `intLanes`.
  void WriteInternalJunctions() {
    for (const Junction& junction : network_.junctions) {
      for (size_t i = 0; i < junction.ways.size(); ++i) {
        const int32_t first = junction.ways[i] < 0 ? -1 : Via(junction.ways[i]);
        const int32_t second = first < 0 ? -1 : NextVia(first);
        if (second >= 0) {
          WriteInternalJunction(junction, junction.requests[i], first, second);
        }
      }
    }
    Add("\n");
  }

  void WriteInternalJunction(const Junction& junction, const Request& request, int32_t first,
                             int32_t second) {
    std::vector<int32_t> incoming = {first}, internal;
    for (size_t foe = 0; foe < junction.ways.size(); ++foe) {
      const int32_t way = junction.ways[foe];
      if (way < 0) {
        continue;
      }
      const int32_t lane = network_.connections[Index(way)].from;
      if (request.response[foe] && incoming.back() != lane) {
        incoming.push_back(lane);
      }
      if (request.foes[foe]) {
        internal.push_back(Via(way));
      }
    }
    const Lane& lane = network_.lanes[Index(second)];
    Add("    <junction id=\"{}\" type=\"internal\" x=\"{:.2f}\" y=\"{:.2f}\" incLanes=\"{}\" "
        "intLanes=\"{}\"/>\n",
        report::Escape(lane.id), lane.shape.front().x, lane.shape.front().y, LaneIds(incoming),
        LaneIds(internal));
  }

  int32_t Via(int32_t connection) const { return network_.connections[Index(connection)].via; }

  int32_t NextVia(int32_t lane) const {
    return Via(network_.lanes[Index(lane)].connections.front());
  }

  void WriteConnection(const Connection& connection) {
    const Lane &from = network_.lanes[Index(connection.from)],
               &to = network_.lanes[Index(connection.to)];
    Add("    <connection from=\"{}\" to=\"{}\" fromLane=\"{}\" toLane=\"{}\"",
        report::Escape(network_.edges[Index(from.edge)].id),
        report::Escape(network_.edges[Index(to.edge)].id), from.index, to.index);
    if (connection.via >= 0) {
      Add(" via=\"{}\"", report::Escape(network_.lanes[Index(connection.via)].id));
    }
    if (connection.signal >= 0) {
      Add(" tl=\"{}\" linkIndex=\"{}\"",
          report::Escape(network_.signals[Index(connection.signal)].id), connection.link);
    }
    Add(" dir=\"{}\" state=\"{}\"/>\n", connection.direction, connection.state);
  }

  const Network& network_;
  const double grade_;
  std::string text_;
};

}  // namespace

std::string NetworkXml(const Network& network, double grade) {
  return NetworkWriter(network, grade).Write();
}

}  // namespace tersor::twin
