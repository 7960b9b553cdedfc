// Vehicles, trips and flows of .rou.xml into the departures of twin/demand.h.
#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <tuple>
#include <unordered_set>
#include <utility>

#include "tersor/twin/demand.h"
#include "tersor/twin/demand_catalogue.h"
#include "tersor/twin/departure_reader.h"
#include "tersor/twin/flow.h"
#include "tersor/twin/random_stream.h"
#include "tersor/twin/router.h"
#include "tersor/twin/vehicle_class.h"
#include "tersor/twin/xml_reader.h"
#include "tersor/util/quoted.h"
#include "tersor/util/rng.h"

namespace tersor::twin {
namespace {

size_t Index(int32_t index) { return static_cast<size_t>(index); }

/// What one vehicle draws, by the counter of its own stream.
enum Draw : uint64_t { kTypeDraw, kRouteDraw, kArrivalDraw };

/// What a vehicle, a trip or a flow says of each of its vehicles.
struct Traveller {
  XmlElement element;
  Departure departure;
  WeightedItems types;
  WeightedItems routes;        // or, of a trip:
  std::vector<int32_t> stops;  // edges
};

class DemandReader {
 public:
  DemandReader(const Network& network, uint64_t seed, const TimeWindow& window)
      : network_(network),
        seed_(seed),
        window_(window),
        router_(network),
        catalogue_(network, warnings_) {}

  Demand Read(const std::vector<XmlDocument>& documents) {
    std::vector<XmlElement> elements;
    for (const XmlDocument& document : documents) {
      const std::vector<XmlElement> children = document.Root().Children();
      elements.insert(elements.end(), children.begin(), children.end());
    }
    catalogue_.Declare(elements);
    for (const XmlElement& element : elements) {
      ReadTraffic(element);
    }
    std::stable_sort(departures_.begin(), departures_.end(),
                     [](const Departure& a, const Departure& b) { return a.time < b.time; });
    return {catalogue_.TakeTypes(), catalogue_.TakeRoutes(), std::move(departures_)};
  }

 private:
  void ReadTraffic(const XmlElement& element) {
    const std::string_view name = element.name();
    if (name == "vehicle" || name == "trip") {
      ReadVehicle(element);
    } else if (name == "flow") {
      ReadFlow(element);
    } else if (name != "vType" && name != "vTypeDistribution" && name != "route" &&
               name != "routeDistribution" && name != "tlLogic" && name != "poly" &&
               name != "poi" && name != "location" && name != "param") {
      warnings_.Once(element, internal::Concat("elements <", name, "> are not simulated"));
    }
  }

  bool InWindow(double time) const { return time >= window_.begin && time < window_.end; }

  void ReadVehicle(const XmlElement& element) {
    warnings_.UnknownAttributes(
        element, {"id", "type", "route", "from", "to", "via", "depart", "departLane", "departPos",
                  "departSpeed", "arrivalPos", "speedFactor", "color", "line", "personNumber",
                  "containerNumber", "arrival", "routeLength"});
    const std::string_view depart = element.Text("depart");
    if (depart == "triggered" || depart == "containerTriggered" || depart == "split") {
      warnings_.Once(element, "vehicles that wait for a trigger are not simulated");
      return;
    }
    const double time = depart == "begin" ? window_.begin : element.Time("depart");
    if (time < 0) {
      element.FailAt("depart", ": ", Quoted(depart), " must not be negative");
    }
    if (InWindow(time)) {
      AddVehicle(ReadTraveller(element), std::string(element.Text("id")), time);
    }
  }

  void ReadFlow(const XmlElement& element) {
    warnings_.UnknownAttributes(
        element, {"id",           "type",           "route",       "from",       "to",
                  "via",          "begin",          "end",         "number",     "period",
                  "vehsPerHour",  "perHour",        "probability", "departLane", "departPos",
                  "departSpeed",  "arrivalPos",     "speedFactor", "color",      "line",
                  "personNumber", "containerNumber"});
    const Traveller traveller = ReadTraveller(element);
    const std::string id(element.Text("id"));
    const std::vector<double> times = FlowTimes(element, window_, Rng(seed_, StreamOf(id)));
    for (size_t i = 0; i < times.size(); ++i) {
      if (InWindow(times[i])) {
        AddVehicle(traveller, internal::Concat(id, '.', i), times[i]);
      }
    }
  }

  Traveller ReadTraveller(const XmlElement& element) {
    Traveller traveller = {element, ReadDeparture(element), catalogue_.TypesOf(element), {}, {}};
    for (const XmlElement& child : element.Children()) {
      if (child.name() == "route" || child.name() == "routeDistribution") {
        traveller.routes = catalogue_.AddRoutes(child, element.Label());
      } else if (child.name() != "param") {
        warnings_.Once(child, internal::Concat("elements <", child.name(), "> are not simulated"));
      }
    }
    if (element.Has("route")) {
      traveller.routes = catalogue_.RoutesOf(element);
    } else if (traveller.routes.empty()) {
      traveller.stops = StopsOf(element);
    }
    return traveller;
  }

  std::vector<int32_t> StopsOf(const XmlElement& element) const {
    if (!element.Has("from") || !element.Has("to")) {
      element.Fail(": neither a route nor the edges from and to");
    }
    std::vector<int32_t> stops;
    for (const char* const attribute : {"from", "via", "to"}) {
      const auto edges = catalogue_.EdgesOf(element, attribute, element.Label());
      if (std::string_view(attribute) != "via" && edges.size() != 1) {
        element.FailAt(attribute, ": ", Quoted(element.Text(attribute)), " is not one edge");
      }
      stops.insert(stops.end(), edges.begin(), edges.end());
    }
    return stops;
  }

  void AddVehicle(const Traveller& traveller, std::string id, double time) {
    const XmlElement& element = traveller.element;
    if (!ids_.insert(id).second) {
      element.Fail(": a second vehicle ", Quoted(id));
    }
    if (departures_.size() >= static_cast<size_t>(kMostVehicles)) {
      element.Fail(": more than ", kMostVehicles, " vehicles");
    }
    const Rng rng(seed_, StreamOf(id));
    Departure departure = traveller.departure;
    departure.id = std::move(id);
    departure.time = time;
    departure.type = traveller.types.At(rng.Uniform(kTypeDraw));
    if (element.Has("speedFactor")) {
      departure.type = catalogue_.TypeWithFactor(departure.type, element.Positive("speedFactor"));
    }
    departure.route = traveller.stops.empty() ? traveller.routes.At(rng.Uniform(kRouteDraw))
                                              : TripRoute(traveller, departure);
    CheckRoute(element, departure);
    CheckPlaces(element, rng, departure);
    departures_.push_back(std::move(departure));
  }

  int32_t TripRoute(const Traveller& traveller, const Departure& departure) {
    const VehicleType& type = catalogue_.types()[Index(departure.type)];
    const Driver driver = {ClassBit(type.vehicle_class), type.max_speed};
    const auto [place, added] =
        trips_.emplace(std::tuple(traveller.stops, driver.classes, driver.max_speed), -1);
    if (!added) {
      return place->second;
    }
    Route route;
    for (size_t i = 1; i < traveller.stops.size(); ++i) {
      const int32_t from = traveller.stops[i - 1], to = traveller.stops[i];
      const std::vector<int32_t> leg = router_.ShortestPath(from, to, driver);
      if (leg.empty()) {
        traveller.element.Fail(": there is no way from edge ", EdgeName(from), " to edge ",
                               EdgeName(to), " for the class ", Quoted(type.vehicle_class));
      }
      route.edges.insert(route.edges.end(), leg.begin() + (i > 1 ? 1 : 0), leg.end());
    }
    place->second = catalogue_.AddRoute(std::move(route));
    return place->second;
  }

  /// Each edge leads to the next for the vehicle's class.
  void CheckRoute(const XmlElement& element, const Departure& departure) {
    const std::string& name = catalogue_.types()[Index(departure.type)].vehicle_class;
    const VehicleClasses vehicle_class = ClassBit(name);
    if (!checked_.insert({departure.route, vehicle_class}).second) {
      return;
    }
    const std::vector<int32_t>& edges = catalogue_.routes()[Index(departure.route)].edges;
    if (!router_.Allowed(edges.front(), vehicle_class)) {
      element.Fail(": vehicle ", Quoted(departure.id), " of the class ", Quoted(name),
                   " may not drive on edge ", EdgeName(edges.front()));
    }
    for (size_t i = 1; i < edges.size(); ++i) {
      if (!router_.Connected(edges[i - 1], edges[i], vehicle_class)) {
        element.Fail(": vehicle ", Quoted(departure.id), " drives from edge ",
                     EdgeName(edges[i - 1]), " to edge ", EdgeName(edges[i]),
                     ", which are not connected for the class ", Quoted(name));
      }
    }
  }

  /// The places lie on the route's first and last edge; counts arrivals from its beginning.
  void CheckPlaces(const XmlElement& element, const Rng& rng, Departure& departure) const {
    const std::vector<int32_t>& route = catalogue_.routes()[Index(departure.route)].edges;
    const Edge& first = network_.edges[Index(route.front())];
    if (Index(departure.lane) >= first.lanes.size()) {
      element.FailAt("departLane", ": ", departure.lane, " but edge ", EdgeName(route.front()),
                     " has ", first.lanes.size(), first.lanes.size() == 1 ? " lane" : " lanes");
    }
    const double length = LengthOf(first);
    if (std::abs(departure.position) > length) {
      element.FailAt("departPos", ": ", departure.position, " m is beyond edge ",
                     EdgeName(route.front()), " of ", length, " m");
    }
    const double last = LengthOf(network_.edges[Index(route.back())]);
    if (element.Text("arrivalPos", "") == "random") {
      departure.arrival_position = last * rng.Uniform(kArrivalDraw);
    } else if (departure.arrival_position < 0) {
      departure.arrival_position = std::max(0.0, departure.arrival_position + last);
    }
  }

  double LengthOf(const Edge& edge) const { return network_.lanes[Index(edge.lanes[0])].length; }
  std::string EdgeName(int32_t edge) const { return Quoted(network_.edges[Index(edge)].id); }

  const Network& network_;
  const uint64_t seed_;
  const TimeWindow window_;
  const Router router_;
  InputWarnings warnings_;
  DemandCatalogue catalogue_;
  std::vector<Departure> departures_;
  std::unordered_set<std::string> ids_;
  std::map<std::tuple<std::vector<int32_t>, VehicleClasses, double>, int32_t> trips_;  // routes
  std::set<std::pair<int32_t, VehicleClasses>> checked_;  // (route, class)
};

}  // namespace

Demand ReadDemand(const std::vector<std::string>& paths, const Network& network, uint64_t seed,
                  const TimeWindow& window) {
  std::vector<XmlDocument> documents;
  for (const std::string& path : paths) {
    documents.push_back(XmlDocument::Read(path));
  }
  return DemandReader(network, seed, window).Read(documents);
}

Demand ParseDemand(const std::vector<DemandText>& texts, const Network& network, uint64_t seed,
                   const TimeWindow& window) {
  std::vector<XmlDocument> documents;
  for (const DemandText& text : texts) {
    documents.emplace_back(std::string(text.xml), text.name);
  }
  return DemandReader(network, seed, window).Read(documents);
}

}  // namespace tersor::twin
