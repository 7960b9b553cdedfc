#include "tersor/twin/demand_catalogue.h"

#include <algorithm>

#include "tersor/twin/vehicle_type_reader.h"
#include "tersor/util/quoted.h"

namespace tersor::twin {
namespace {

constexpr char kDefaultType[] = "DEFAULT_VEHTYPE";

struct BuiltIn {
  const char *id, *vehicle_class;
};
constexpr BuiltIn kBuiltIns[] = {
    {"DEFAULT_BIKETYPE", "bicycle"}, {"DEFAULT_TAXITYPE", "taxi"}, {"DEFAULT_RAILTYPE", "rail"}};

}  // namespace

void WeightedItems::Add(int32_t item, double weight) {
  items_.push_back(item);
  sums_.push_back((sums_.empty() ? 0 : sums_.back()) + weight);
}

int32_t WeightedItems::At(double uniform) const {
  const auto found = std::upper_bound(sums_.begin(), sums_.end(), uniform * sums_.back());
  return items_[std::min(static_cast<size_t>(found - sums_.begin()), items_.size() - 1)];
}

DemandCatalogue::DemandCatalogue(const Network& network, InputWarnings& warnings)
    : network_(network), warnings_(warnings), types_(1) {
  type_names_[kDefaultType].Add(0, 1);
}

void DemandCatalogue::Declare(const std::vector<XmlElement>& elements) {
  for (const XmlElement& element : elements) {
    DeclareItems(element);
  }
  for (const XmlElement& element : elements) {
    DeclareDistribution(element);
  }
}

void DemandCatalogue::DeclareItems(const XmlElement& element) {
  if (element.name() == "vType") {
    AddType(element);
  } else if (element.name() == "route") {
    WeightedItems route;
    route.Add(AddRouteElement(element, element.Label()), 1);
    AddName(element, route_names_, std::move(route));
  } else if (element.name() == "vTypeDistribution") {
    for (const XmlElement& child : element.Children("vType")) {
      AddType(child);
    }
  }
}

void DemandCatalogue::DeclareDistribution(const XmlElement& element) {
  if (element.name() == "vTypeDistribution") {
    warnings_.UnknownAttributes(element, {"id", "vTypes", "probabilities"});
    WeightedItems types = Listed(element, "vTypes", type_names_, "vehicle type");
    for (const XmlElement& child : element.Children("vType")) {
      types.Add(Find(type_names_, child.Text("id"), child, "id", "vehicle type").first(),
                child.NonNegative("probability", 1));
    }
    if (types.empty()) {
      element.Fail(": a distribution without a type of positive probability");
    }
    if (element.Text("id") == kDefaultType) {
      type_names_.erase(kDefaultType);
    }
    AddName(element, type_names_, std::move(types));
  } else if (element.name() == "routeDistribution") {
    AddName(element, route_names_, AddRoutes(element, element.Label()));
  }
}

void DemandCatalogue::AddType(const XmlElement& element) {
  VehicleType type = ReadVehicleType(element, warnings_);
  if (type.id == kDefaultType) {
    types_.front() = std::move(type);
    return;
  }
  WeightedItems only;
  only.Add(static_cast<int32_t>(types_.size()), 1);
  AddName(element, type_names_, std::move(only));
  types_.push_back(std::move(type));
}

const WeightedItems& DemandCatalogue::TypesOf(const XmlElement& element) {
  const std::string id(element.Text("type", kDefaultType));
  for (const BuiltIn& built_in : kBuiltIns) {
    // They come into being when somebody drives them.
    if (id == built_in.id && !type_names_.contains(id)) {
      type_names_[id].Add(static_cast<int32_t>(types_.size()), 1);
      types_.push_back(TypeOfClass(id, built_in.vehicle_class));
    }
  }
  return Find(type_names_, id, element, "type", "vehicle type");
}

const WeightedItems& DemandCatalogue::RoutesOf(const XmlElement& element) const {
  return Find(route_names_, element.Text("route"), element, "route", "route");
}

WeightedItems DemandCatalogue::AddRoutes(const XmlElement& element, const std::string& owner) {
  WeightedItems routes;
  if (element.name() == "route") {
    routes.Add(AddRouteElement(element, owner), 1);
    return routes;
  }
  warnings_.UnknownAttributes(element, {"id", "routes", "probabilities", "last"});
  routes = Listed(element, "routes", route_names_, "route");
  for (const XmlElement& child : element.Children("route")) {
    const int32_t route =
        child.Has("refId")
            ? Find(route_names_, child.Text("refId"), child, "refId", "route").first()
            : AddRouteElement(child, owner);
    routes.Add(route, child.NonNegative("probability", 1));
  }
  if (routes.empty()) {
    element.Fail(": a distribution without a route of positive probability");
  }
  return routes;
}

int32_t DemandCatalogue::AddRouteElement(const XmlElement& element, const std::string& owner) {
  warnings_.UnknownAttributes(element,
                              {"id", "edges", "color", "probability", "cost", "savings", "refId"});
  for (const XmlElement& child : element.Children("stop")) {
    warnings_.Once(child, "stops are not simulated");
  }
  Route route = {std::string(element.Text("id", "")), EdgesOf(element, "edges", owner)};
  if (route.edges.empty()) {
    element.Fail(": the route of ", owner, " has no edges");
  }
  return AddRoute(std::move(route));
}

int32_t DemandCatalogue::AddRoute(Route route) {
  routes_.push_back(std::move(route));
  return static_cast<int32_t>(routes_.size()) - 1;
}

std::vector<int32_t> DemandCatalogue::EdgesOf(const XmlElement& element, const char* attribute,
                                              const std::string& owner) const {
  std::vector<int32_t> edges;
  for (const std::string_view id : element.Words(attribute)) {
    const int32_t edge = network_.FindEdge(std::string(id));
    if (edge < 0 || network_.edges[static_cast<size_t>(edge)].internal) {
      element.FailAt(attribute, ": ", owner, " drives over edge ", Quoted(id),
                     edge < 0 ? ", which the network does not have" : ", which is internal");
    }
    edges.push_back(edge);
  }
  return edges;
}

int32_t DemandCatalogue::TypeWithFactor(int32_t type, double speed_factor) {
  const auto [place, added] =
      with_factor_.emplace(std::pair(type, speed_factor), static_cast<int32_t>(types_.size()));
  if (added) {
    VehicleType fixed = types_[static_cast<size_t>(type)];
    fixed.speed_factor = fixed.speed_lowest = fixed.speed_highest = speed_factor;
    fixed.speed_deviation = 0;
    types_.push_back(std::move(fixed));
  }
  return place->second;
}

void DemandCatalogue::AddName(const XmlElement& element, Names& names, WeightedItems items) {
  if (!names.try_emplace(std::string(element.Text("id")), std::move(items)).second) {
    element.Fail(": a second one of this id");
  }
}

WeightedItems DemandCatalogue::Listed(const XmlElement& element, const char* attribute,
                                      const Names& names, const char* kind) {
  WeightedItems distribution;
  const std::vector<std::string_view> ids = element.Words(attribute);
  const std::vector<std::string_view> weights = element.Words("probabilities");
  if (!weights.empty() && weights.size() != ids.size()) {
    element.FailAt("probabilities", ": ", weights.size(), " numbers for ", ids.size(), " names");
  }
  for (size_t i = 0; i < ids.size(); ++i) {
    const double weight = weights.empty() ? 1 : ParseNumber(weights[i]).value_or(-1);
    if (weight < 0) {
      element.FailAt("probabilities", ": ", Quoted(weights[i]), " is no probability");
    }
    distribution.Add(Find(names, ids[i], element, attribute, kind).first(), weight);
  }
  return distribution;
}

const WeightedItems& DemandCatalogue::Find(const Names& names, std::string_view id,
                                           const XmlElement& element, const char* attribute,
                                           const char* kind) {
  const auto found = names.find(std::string(id));
  if (found == names.end()) {
    std::vector<std::string> known;
    for (const auto& entry : names) {
      known.push_back(entry.first);
    }
    std::sort(known.begin(), known.end());
    element.FailAt(attribute, ": there is no ", kind, ' ', Quoted(id), DidYouMean(id, known));
  }
  return found->second;
}

}  // namespace tersor::twin
