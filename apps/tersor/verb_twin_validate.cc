// `tersor twin validate`: the twin beside closed forms and published figures.
#include <fmt/core.h>

#include <chrono>
#include <string>
#include <vector>

#include "cli.h"
#include "tersor/twin/dynamics/validate_dynamics.h"
#include "tersor/twin/matrix/validate_weather.h"
#include "tersor/twin/validation_page.h"
#include "tersor/util/config_check.h"
#include "tersor/util/error.h"
#include "tersor/util/interrupt.h"
#include "tersor/util/progress.h"
#include "tersor/util/record.h"
#include "verb_twin_validate.h"

namespace tersor::cli {
namespace {

constexpr size_t kMostVehicles = 2;  // beside four: a picture tells six curves apart

}  // namespace

int RunTwinValidate(int argc, char** argv) {
  std::string output;
  std::vector<std::string> vehicles;
  int64_t seeds = 10;
  CommandLine line("twin validate",
                   "Compare the twin with closed forms and published figures, on one page.",
                   "tersor twin validate -o out/validation");
  line.Option("-o,--output", "folder for validation.html, pictures and record.json", &output, true)
      .Option("--vehicle", ".yaml files of vehicles of your own, beside the shipped ones",
              &vehicles)
      .Option("--seeds", "of the traffic in each weather", &seeds);
  if (!line.Parse(argc, argv)) {
    return 0;
  }
  CheckRange("seeds", static_cast<double>(seeds), 1, 1000);
  CatchInterrupts();
  const auto began = std::chrono::steady_clock::now();
  std::vector<twin::VehicleBody> bodies = twin::ShippedBodies();
  if (vehicles.size() > kMostVehicles) {
    FailUsage("tersor twin validate: at most ", kMostVehicles, " --vehicle files, not ",
              vehicles.size());
  }
  std::string command = fmt::format("tersor twin validate -o {} --seeds {}", output, seeds);
  for (const std::string& file : vehicles) {
    bodies.push_back(twin::ReadBody(file));
    command += " --vehicle " + file;
  }
  std::vector<twin::ValidationSection> sections = twin::ValidateDynamics(bodies);
  Progress progress("weather", 0, "run");
  sections.push_back(twin::ValidateWeather(seeds, [&](int64_t done, int64_t all) {
    progress.SetTotal(all);
    progress.Update(done);
  }));
  progress.Finish();
  Record record = twin::WriteValidation(sections, command, output);
  record.seed = line.common().seed;
  record.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  WriteRecord(output + "/record.json", record);
  for (const Json& row : record.rows) {
    if (!row.at("agrees").get<bool>()) {
      fmt::print("outside: {}, {}: {:.6g} {}, allowed {:.6g} .. {:.6g}\n",
                 row.at("section").get<std::string>(), row.at("quantity").get<std::string>(),
                 row.at("ours").get<double>(), row.at("unit").get<std::string>(),
                 row.at("low").get<double>(), row.at("high").get<double>());
    }
  }
  fmt::print("{} of {} quantities agree\n{}/validation.html\n",
             record.metrics.at("quantities_agreeing").get<int64_t>(),
             record.metrics.at("quantities").get<int64_t>(), output);
  if (!line.common().json.empty()) {
    WriteRecord(line.common().json, record);
  }
  return 0;
}

}  // namespace tersor::cli
