#include "tersor/twin/vehicle_type_reader.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <vector>

#include "tersor/twin/vehicle_class.h"
#include "tersor/util/quoted.h"

namespace tersor::twin {
namespace {

struct ClassDefaults {
  std::string_view name;
  double length, width, min_gap;         // m
  double max_speed;                      // km/h
  double accel, decel, emergency_decel;  // m/s^2
  double sigma, speed_deviation;
};

// As SUMO 1.15 answers over TraCI; the classes that are not listed are like "passenger". People on
// foot and bicycles wish to go at 5 and 20 km/h and no faster.
constexpr ClassDefaults kDefaults[] = {
    {"passenger", 5, 1.8, 2.5, 200, 2.6, 4.5, 9, 0.5, 0.1},
    {"emergency", 6.5, 2.16, 2.5, 200, 2.6, 4.5, 9, 0.5, 0},
    {"authority", 5, 1.8, 2.5, 200, 2.6, 4.5, 9, 0.5, 0},
    {"army", 5, 1.8, 2.5, 200, 2.6, 4.5, 9, 0.5, 0},
    {"pedestrian", 0.215, 0.478, 0.25, 5, 1.5, 2, 5, 0.5, 0.1},
    {"taxi", 5, 1.8, 2.5, 200, 2.6, 4.5, 9, 0.5, 0.05},
    {"bus", 12, 2.5, 2.5, 100, 1.2, 4, 7, 0.5, 0},
    {"coach", 14, 2.6, 2.5, 100, 2, 4, 7, 0.5, 0.05},
    {"delivery", 6.5, 2.16, 2.5, 200, 2.6, 4.5, 9, 0.5, 0.05},
    {"truck", 7.1, 2.4, 2.5, 130, 1.3, 4, 7, 0.5, 0.05},
    {"trailer", 16.5, 2.55, 2.5, 130, 1.1, 4, 7, 0.5, 0.05},
    {"motorcycle", 2.2, 0.9, 2.5, 200, 6, 10, 10, 0.5, 0.1},
    {"moped", 2.1, 0.78, 2.5, 60, 1.1, 7, 10, 0.5, 0.1},
    {"bicycle", 1.6, 0.65, 0.5, 20, 1.2, 3, 7, 0.5, 0.1},
    {"tram", 22, 2.4, 2.5, 80, 1, 3, 7, 0, 0},
    {"rail_urban", 109.5, 3, 5, 100, 1, 3, 7, 0, 0},
    {"rail", 135, 2.84, 5, 160, 0.25, 1.3, 5, 0, 0},
    {"rail_electric", 200, 2.95, 5, 220, 0.5, 1.3, 5, 0, 0},
    {"rail_fast", 200, 2.95, 5, 330, 0.5, 1.3, 5, 0, 0},
    {"ship", 17, 4, 2.5, 8 * 1.852, 0.1, 0.15, 1, 0, 0.1},
};

struct Model {
  std::string_view name;
  CarFollowing model;
  bool same;  // not only the nearest that the twin has
};

constexpr Model kModels[] = {{"Krauss", CarFollowing::kKrauss, true},
                             {"KraussOrig1", CarFollowing::kKrauss, false},
                             {"KraussPS", CarFollowing::kKrauss, false},
                             {"KraussX", CarFollowing::kKrauss, false},
                             {"IDM", CarFollowing::kIdm, true},
                             {"IDMM", CarFollowing::kIdm, false},
                             {"EIDM", CarFollowing::kIdm, false},
                             {"ACC", CarFollowing::kIdm, false},
                             {"CACC", CarFollowing::kIdm, false},
                             {"W99", CarFollowing::kWiedemann99, true},
                             {"Wiedemann", CarFollowing::kWiedemann99, false},
                             {"SmartSK", CarFollowing::kKrauss, false},
                             {"Daniel1", CarFollowing::kKrauss, false},
                             {"PWagner2009", CarFollowing::kKrauss, false},
                             {"BKerner", CarFollowing::kKrauss, false},
                             {"CC", CarFollowing::kKrauss, false},
                             {"Rail", CarFollowing::kKrauss, false}};

constexpr std::string_view kModelPrefix = "carFollowing-";

// Read by ReadNumbers or by their own names.
constexpr std::string_view kRead[] = {
    "id",     "vClass",   "carFollowModel",  "laneChangeModel", "length",     "width",
    "minGap", "maxSpeed", "desiredMaxSpeed", "accel",           "decel",      "emergencyDecel",
    "sigma",  "tau",      "speedFactor",     "speedDev",        "impatience", "probability"};

// How a vehicle looks, and what it carries: nothing that changes how it drives.
constexpr std::string_view kLooks[] = {"color",
                                       "guiShape",
                                       "imgFile",
                                       "osgFile",
                                       "emissionClass",
                                       "height",
                                       "personCapacity",
                                       "containerCapacity",
                                       "boardingDuration",
                                       "loadingDuration",
                                       "locomotiveLength",
                                       "carriageLength",
                                       "carriageGap",
                                       "name"};

bool IsModelParameter(std::string_view name) {
  return name == "delta" || name == "stepping" ||
         (name.size() == 3 && name.starts_with("cc") && name[2] >= '0' && name[2] <= '9');
}

void ReadModel(const XmlElement& element, std::string_view name, InputWarnings& warnings,
               VehicleType& type) {
  if (name.starts_with(kModelPrefix)) {
    name.remove_prefix(kModelPrefix.size());
  }
  for (const Model& model : kModels) {
    if (model.name == name) {
      type.model = model.model;
      if (!model.same) {
        warnings.Once(element, "the car-following model " + Quoted(name) +
                                   " is not simulated; the nearest that is takes its place");
      }
      return;
    }
  }
  std::vector<std::string> known;
  for (const Model& model : kModels) {
    known.emplace_back(model.name);
  }
  element.FailAt("carFollowModel", ": unknown model ", Quoted(name), DidYouMean(name, known));
}

std::string ReadLaneChange(const XmlElement& element) {
  const std::vector<std::string> known = {"LC2013",    "SL2015",  "DK2008",
                                          "LC2013_CC", "default", "MOBIL"};
  const std::string name(element.Text("laneChangeModel", "default"));
  if (std::find(known.begin(), known.end(), name) == known.end()) {
    element.FailAt("laneChangeModel", ": unknown model ", Quoted(name), DidYouMean(name, known));
  }
  return name == "MOBIL" ? name : "LC2013";
}

/// A number, norm(mean,deviation) or normc(mean,deviation[,lowest,highest]).
void ReadSpeedFactor(const XmlElement& element, VehicleType& type) {
  std::string_view text = element.Text("speedFactor", "1");
  const bool cut = text.starts_with("normc(");
  if (cut || text.starts_with("norm(")) {
    const size_t open = text.find('(');
    std::vector<double> numbers;
    for (const std::string_view word :
         SplitWords(text.substr(open + 1, std::min(text.find(')'), text.size()) - open - 1), ',')) {
      numbers.push_back(ParseNumber(word).value_or(-1));
    }
    const bool negative =
        std::any_of(numbers.begin(), numbers.end(), [](double n) { return n < 0; });
    if (negative || !text.ends_with(')') ||
        !(numbers.size() == 2 || (cut && numbers.size() == 4))) {
      element.FailAt("speedFactor", ": ", Quoted(text),
                     " is no distribution; write normc(mean,deviation,lowest,highest)");
    }
    type.speed_factor = numbers[0];
    type.speed_deviation = numbers[1];
    if (numbers.size() == 4) {
      type.speed_lowest = numbers[2];
      type.speed_highest = numbers[3];
    }
  } else {
    type.speed_factor = element.Positive("speedFactor", type.speed_factor);
    type.speed_lowest = std::min(type.speed_lowest, type.speed_factor);
    type.speed_highest = std::max(type.speed_highest, type.speed_factor);
  }
  if (type.speed_factor < type.speed_lowest || type.speed_factor > type.speed_highest ||
      type.speed_factor <= 0) {
    element.FailAt("speedFactor", ": the mean of ", Quoted(text), " must be greater than 0 and ",
                   "within ", type.speed_lowest, " and ", type.speed_highest);
  }
  type.speed_deviation = element.NonNegative("speedDev", type.speed_deviation);
}

/// What may stand in the type itself or in the element of its car-following model.
void ReadDriving(const XmlElement& element, VehicleType& type) {
  type.accel = element.Positive("accel", type.accel);
  type.decel = element.Positive("decel", type.decel);
  type.emergency_decel =
      element.Positive("emergencyDecel", std::max(type.decel, type.emergency_decel));
  type.sigma = element.InRange("sigma", 0, 1, type.sigma);
  type.tau = element.NonNegative("tau", type.tau);
  for (const char* const attribute : element.Attributes()) {
    if (IsModelParameter(attribute)) {
      type.model_parameters[attribute] = element.Number(attribute);
    }
  }
}

void WarnOfUnknown(const XmlElement& element, InputWarnings& warnings) {
  for (const char* const attribute : element.Attributes()) {
    if (!IsModelParameter(attribute) &&
        std::find(std::begin(kRead), std::end(kRead), attribute) == std::end(kRead) &&
        std::find(std::begin(kLooks), std::end(kLooks), attribute) == std::end(kLooks)) {
      warnings.UnknownAttribute(element, attribute);
    }
  }
}

}  // namespace

VehicleType TypeOfClass(const std::string& id, std::string_view vehicle_class) {
  const ClassDefaults* defaults = &kDefaults[0];
  for (const ClassDefaults& candidate : kDefaults) {
    if (candidate.name == vehicle_class) {
      defaults = &candidate;
    }
  }
  VehicleType type;
  type.id = id;
  type.vehicle_class = vehicle_class;
  type.length = defaults->length;
  type.width = defaults->width;
  type.min_gap = defaults->min_gap;
  type.max_speed = defaults->max_speed / 3.6;
  type.accel = defaults->accel;
  type.decel = defaults->decel;
  type.emergency_decel = defaults->emergency_decel;
  type.sigma = defaults->sigma;
  type.speed_deviation = defaults->speed_deviation;
  return type;
}

VehicleType ReadVehicleType(const XmlElement& element, InputWarnings& warnings) {
  WarnOfUnknown(element, warnings);
  const std::string_view vehicle_class = element.Text("vClass", "passenger");
  try {
    ParseClasses(vehicle_class, "");
  } catch (const Error& error) {
    element.FailAt("vClass", ": ", error.what());
  }
  if (ClassBit(vehicle_class) == 0) {
    element.FailAt("vClass", ": ", Quoted(vehicle_class), " is not one vehicle class");
  }
  VehicleType type = TypeOfClass(std::string(element.Text("id")), vehicle_class);
  ReadModel(element, element.Text("carFollowModel", "Krauss"), warnings, type);
  type.lane_change = ReadLaneChange(element);
  type.length = element.Positive("length", type.length);
  type.width = element.Positive("width", type.width);
  type.min_gap = element.NonNegative("minGap", type.min_gap);
  type.max_speed = element.Positive("maxSpeed", type.max_speed);
  type.max_speed = std::min(type.max_speed, element.Positive("desiredMaxSpeed", type.max_speed));
  ReadSpeedFactor(element, type);
  if (element.Text("impatience", "off") != "off") {
    type.impatience = element.InRange("impatience", 0, 1, 0);
  }
  ReadDriving(element, type);
  for (const XmlElement& child : element.Children()) {
    if (child.name().starts_with(kModelPrefix)) {
      WarnOfUnknown(child, warnings);
      ReadModel(child, child.name(), warnings, type);
      ReadDriving(child, type);
    }
  }
  return type;
}

}  // namespace tersor::twin
