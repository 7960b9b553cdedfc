// What vehicles refer to by name: types, routes, and distributions of them.
#ifndef TERSOR_TWIN_DEMAND_CATALOGUE_H_
#define TERSOR_TWIN_DEMAND_CATALOGUE_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tersor/twin/demand.h"
#include "tersor/twin/xml_reader.h"

namespace tersor::twin {

/// One of several, by their weights. A single item will do, too.
class WeightedItems {
 public:
  void Add(int32_t item, double weight);
  /// `uniform` in [0, 1).
  int32_t At(double uniform) const;
  int32_t first() const { return items_.front(); }
  bool empty() const { return items_.empty() || sums_.back() <= 0; }

 private:
  std::vector<int32_t> items_;
  std::vector<double> sums_;  // of the weights up to each
};

class DemandCatalogue {
 public:
  /// Both outlive the catalogue.
  DemandCatalogue(const Network& network, InputWarnings& warnings);

  /// Takes in the types, routes and distributions among the elements, wherever they stand. Throws
  /// Error naming the place.
  void Declare(const std::vector<XmlElement>& elements);

  /// Those that the element names as its `type` and as its `route`.
  const WeightedItems& TypesOf(const XmlElement& element);
  const WeightedItems& RoutesOf(const XmlElement& element) const;

  /// Adds a route that stands within `owner`, or all those of a distribution there.
  WeightedItems AddRoutes(const XmlElement& element, const std::string& owner);
  int32_t AddRoute(Route route);

  /// The edges that an attribute lists; `owner` is who drives over them, for messages.
  std::vector<int32_t> EdgesOf(const XmlElement& element, const char* attribute,
                               const std::string& owner) const;

  /// The same type with a given speed factor instead of a drawn one.
  int32_t TypeWithFactor(int32_t type, double speed_factor);

  const std::vector<VehicleType>& types() const { return types_; }
  const std::vector<Route>& routes() const { return routes_; }
  std::vector<VehicleType> TakeTypes() { return std::move(types_); }
  std::vector<Route> TakeRoutes() { return std::move(routes_); }

 private:
  using Names = std::unordered_map<std::string, WeightedItems>;

  void DeclareItems(const XmlElement& element);
  void DeclareDistribution(const XmlElement& element);
  void AddType(const XmlElement& element);
  int32_t AddRouteElement(const XmlElement& element, const std::string& owner);
  static void AddName(const XmlElement& element, Names& names, WeightedItems items);
  static WeightedItems Listed(const XmlElement& element, const char* attribute, const Names& names,
                              const char* kind);
  static const WeightedItems& Find(const Names& names, std::string_view id,
                                   const XmlElement& element, const char* attribute,
                                   const char* kind);

  const Network& network_;
  InputWarnings& warnings_;
  std::vector<VehicleType> types_;
  std::vector<Route> routes_;
  Names type_names_, route_names_;
  std::map<std::pair<int32_t, double>, int32_t> with_factor_;  // (type, factor) -> type
};

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_DEMAND_CATALOGUE_H_
