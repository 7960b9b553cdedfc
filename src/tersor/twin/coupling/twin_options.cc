#include "tersor/twin/coupling/twin_options.h"

#include <charconv>

#include "tersor/util/config_check.h"
#include "tersor/util/error.h"

namespace tersor::twin {
DynamicsLevel TwinOptions::dynamics_level() const {
  return level == "L0"   ? DynamicsLevel::kPointMass
         : level == "L1" ? DynamicsLevel::kSingleTrack
                         : DynamicsLevel::kMultiBody;
}

std::vector<double> TwinOptions::bounds() const {
  std::vector<double> numbers;
  for (const std::string& text : region) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) {
      FailUsage("twins.region: '", text, "' is not a number");
    }
    numbers.push_back(value);
  }
  if (!numbers.empty() && numbers.size() != 4) {
    FailUsage("twins.region has ", numbers.size(),
              " numbers; it must have 4: left, bottom, right, top");
  }
  return numbers;
}

void TwinOptions::AddFields(Schema& schema) {
  schema.Add("twins.share", "of all vehicles, 0 to 1, that are twins", &share)
      .Add("twins.ids", "vehicles that are twins besides", &ids)
      .Add("twins.region", "m: [left, bottom, right, top] outside of which nobody is a twin",
           &region)
      .Add("twins.ego", "a vehicle near which the others are twins, instead of everywhere", &ego)
      .Add("twins.radius", "m around the ego", &radius)
      .Add("twins.role",
           "twin (own driver, own dynamics) or shadow (the traffic's model, own dynamics)", &role)
      .Add("twins.level", "L0 (point mass), L1 (single track) or L2 (14 degrees of freedom)",
           &level)
      .Add("twins.body",
           "compact, sedan, van, truck or a .yaml file, for all (default: by class and size)",
           &body)
      .Add("twins.substep", "s of a step of the dynamics", &substep)
      .Add("twins.predict", "take the others to have gone on by speed times step", &predict)
      .Add("twins.warm_up", "s of the run before anybody is a twin", &warm_up)
      .Add("twins.collision", "remove (brake to a stand, then off the road) or keep", &collision)
      .Add("twins.collision_rest", "s for which the collided stand before they are removed",
           &collision_rest);
  driver.AddFields(schema);
}

void TwinOptions::Validate() const {
  CheckRange("twins.share", share, 0, 1);
  CheckRange("twins.radius", radius, 0, 1e6);
  CheckRange("twins.substep", substep, 1e-4, 0.01);
  CheckRange("twins.warm_up", warm_up, 0, 1e9);
  CheckRange("twins.collision_rest", collision_rest, 0, 1e6);
  CheckChoice("twins.role", role, {"twin", "shadow"});
  CheckChoice("twins.level", level, {"L0", "L1", "L2"});
  CheckChoice("twins.collision", collision, {"remove", "keep"});
  bounds();
  if (!region.empty() && !ego.empty()) {
    FailUsage("twins.region and twins.ego exclude each other");
  }
  if (!body.empty()) {
    FindBody(body);
  }
  driver.Validate();
}

}  // namespace tersor::twin
