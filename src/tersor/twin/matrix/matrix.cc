#include "tersor/twin/matrix/matrix.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <optional>
#include <utility>

#include "tersor/twin/weather/weather_series.h"
#include "tersor/util/config.h"
#include "tersor/util/error.h"
#include "tersor/util/file.h"
#include "tersor/util/quoted.h"
#include "tersor/util/yaml.h"

namespace tersor::twin {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMostSeeds = 10'000;

/// A file's lists as they stand there, until they are read.
struct Lists {
  std::vector<std::string> demand = {"1"}, weather = {"clear_dry"}, light = {"day"};
  std::vector<std::string> arms = {"A", "B", "C"}, seeds = {"10"};
};

/// Where a key stands in the file, and whether it is a list.
struct Place {
  std::string at;
  bool list = false;
};

class MatrixReader {
 public:
  MatrixReader(std::string_view yaml, const std::string& source, uint64_t first_seed)
      : entries_(ParseYaml(yaml, source)), source_(source), first_seed_(first_seed) {
    Schema schema;
    AddFields(&schema);
    schema.LoadYaml(yaml, source);
  }

  Matrix Read() {
    matrix_.name = fs::path(source_).stem().string();
    matrix_.on_corridor = Find("corridor").has_value();
    ReadDemands();
    ReadWeathers();
    ReadLights();
    ReadArms();
    ReadSeeds();
    CheckAnimation();
    CheckBase();
    return std::move(matrix_);
  }

 private:
  /// A scenario's fields but those that the matrix has lists for, then its own.
  void AddFields(Schema* schema) {
    Schema base;
    matrix_.base.AddFields(base);
    for (const ConfigField& field : base.fields()) {
      if (field.key != "demand" && field.key != "weather" && field.key != "arm") {
        schema->Add(field.key, field.help, field.target);
      }
    }
    schema->Add("corridor.demand", "of the volumes of a busy hour", &matrix_.corridor.demand)
        .Add("corridor.end", "s of traffic", &matrix_.corridor.end)
        .Add("corridor.step", "s of a simulation's step", &matrix_.corridor.step)
        .Add("demand", "of all that the files ask for", &lists_.demand)
        .Add("weather", "presets, joined by + where several come together, or files",
             &lists_.weather)
        .Add("light", "day, night", &lists_.light)
        .Add("arms", "A plain traffic, B tuned to the weather, C the full twin", &lists_.arms)
        .Add("seeds", "how many, or a list", &lists_.seeds)
        .Add("animation.begin", "s", &matrix_.animation_begin)
        .Add("animation.end", "s", &matrix_.animation_end);
  }

  std::optional<Place> Find(std::string_view key) const {
    for (const YamlEntry& entry : entries_) {
      if (entry.key == key) {
        return Place{entry.at, entry.kind == YamlEntry::Kind::kList};
      }
    }
    return std::nullopt;
  }

  /// "matrix.yaml:3" where the key is given, else the file.
  std::string At(std::string_view key) const {
    const std::optional<Place> place = Find(key);
    return place ? place->at : source_;
  }

  template <typename... Parts>
  [[noreturn]] void FailAt(std::string_view key, const Parts&... parts) const {
    FailUsage(At(key), ": ", key, parts...);
  }

  /// Adds a value that is there once only.
  template <typename T>
  void AddOnce(std::string_view key, const std::string& text, const T& value,
               std::vector<T>* values) const {
    if (std::find(values->begin(), values->end(), value) != values->end()) {
      FailAt(key, " has ", text, " twice; keep one of them");
    }
    values->push_back(value);
  }

  void CheckNotEmpty(std::string_view key, const std::vector<std::string>& list) const {
    if (list.empty()) {
      FailAt(key, " is an empty list; give it at least one value, or remove the line");
    }
  }

  void ReadDemands() {
    CheckNotEmpty("demand", lists_.demand);
    matrix_.demands.clear();
    for (const std::string& text : lists_.demand) {
      double value = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
      if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
        FailAt("demand", " has ", Quoted(text), ", which is no number");
      }
      if (value <= 0 || value > kMostDemand) {
        FailAt("demand", " has ", text, "; each must be above 0 and at most ", kMostDemand);
      }
      AddOnce("demand", text, value, &matrix_.demands);
    }
  }

  void ReadWeathers() {
    CheckNotEmpty("weather", lists_.weather);
    matrix_.weathers.clear();
    for (const std::string& text : lists_.weather) {
      MatrixWeather weather{text, text};
      try {
        if (text.ends_with(".yaml")) {
          weather = {fs::path(text).stem().string(), (fs::path(source_).parent_path() / text)};
        }
        ReadWeather(weather.text);
      } catch (const Error& error) {
        FailAt("weather", ": ", error.what());
      }
      for (const MatrixWeather& other : matrix_.weathers) {
        if (other.name == weather.name) {
          FailAt("weather", " has ", weather.name, " twice; keep one of them");
        }
      }
      matrix_.weathers.push_back(std::move(weather));
    }
  }

  void ReadLights() {
    CheckNotEmpty("light", lists_.light);
    matrix_.nights.clear();
    for (const std::string& text : lists_.light) {
      CheckWord("light", text, {"day", "night"});
      AddOnce("light", text, text == "night", &matrix_.nights);
    }
    for (const MatrixWeather& weather : matrix_.weathers) {
      if (Find("light") && weather.text.ends_with(".yaml")) {
        FailAt("light", " goes with presets; ", weather.text, " has a light of its own");
      }
    }
  }

  void ReadArms() {
    CheckNotEmpty("arms", lists_.arms);
    matrix_.arms.clear();
    for (const std::string& text : lists_.arms) {
      CheckWord("arms", text, {"A", "B", "C"});
      AddOnce("arms", text, static_cast<Arm>(text[0]), &matrix_.arms);
    }
    std::sort(matrix_.arms.begin(), matrix_.arms.end());
  }

  void CheckWord(std::string_view key, const std::string& text,
                 const std::vector<std::string>& known) const {
    if (std::find(known.begin(), known.end(), text) != known.end()) {
      return;
    }
    const std::string nearest = NearestName(text, known);
    std::string list;
    for (const std::string& word : known) {
      list += (list.empty() ? "" : ", ") + word;
    }
    FailAt(key, " has ", Quoted(text),
           nearest.empty() ? "; known: " + list : "; did you mean " + nearest + "?");
  }

  void ReadSeeds() {
    const std::optional<Place> place = Find("seeds");
    CheckNotEmpty("seeds", lists_.seeds);
    std::vector<uint64_t> numbers;
    for (const std::string& text : lists_.seeds) {
      uint64_t value = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
      if (error != std::errc() || end != text.data() + text.size()) {
        FailAt("seeds", " has ", Quoted(text), ", which is no whole number of 0 or more");
      }
      AddOnce("seeds", text, value, &numbers);
    }
    if (place && place->list) {
      matrix_.seeds = numbers;
      return;
    }
    if (numbers.front() < 1 || numbers.front() > kMostSeeds) {
      FailAt("seeds", " is ", numbers.front(), "; it must be within 1 and ", kMostSeeds);
    }
    for (uint64_t i = 0; i < numbers.front(); ++i) {
      matrix_.seeds.push_back(first_seed_ + i);
    }
  }

  void CheckAnimation() const {
    if (matrix_.animation_begin < 0 || matrix_.animation_end < matrix_.animation_begin) {
      FailAt("animation", " lasts from ", matrix_.animation_begin, " to ", matrix_.animation_end,
             " s; it must begin at 0 or later and not end before");
    }
  }

  /// Makes paths relative to the file's folder, and lets the scenario check the rest.
  void CheckBase() {
    Scenario& base = matrix_.base;
    if (matrix_.on_corridor && !(base.config.empty() && base.network.empty())) {
      FailAt("corridor", " has a network of its own; remove config and network, or the corridor");
    }
    ResolvePaths(source_, &base);
    Scenario checked = base;
    if (matrix_.on_corridor) {
      checked.config = "corridor.sumocfg";
      checked.Validate();
      CheckCorridor(matrix_.corridor);
      return;
    }
    try {
      checked.Validate();
    } catch (const UsageError& error) {
      FailUsage(source_, ": ", error.what());
    }
  }

  void CheckCorridor(const CorridorOptions& options) const {
    try {
      Validate(options);
    } catch (const Error& error) {
      FailUsage(At("corridor"), ": ", error.what());
    }
  }

  const std::vector<YamlEntry> entries_;
  const std::string source_;
  const uint64_t first_seed_;
  Matrix matrix_;
  Lists lists_;
};

}  // namespace

bool Matrix::Has(Arm arm) const { return std::find(arms.begin(), arms.end(), arm) != arms.end(); }

std::vector<MatrixCell> Matrix::Cells() const {
  std::vector<MatrixCell> cells;
  for (const uint64_t seed : seeds) {
    for (const double demand : demands) {
      for (const Arm arm : arms) {
        for (int32_t weather = 0; weather < std::ssize(weathers); ++weather) {
          for (const bool night : nights) {
            const MatrixCell cell = CellOf(demand, arm, weather, night, seed);
            if (cells.empty() || cells.back() != cell) {
              cells.push_back(cell);
            }
          }
        }
      }
    }
  }
  return cells;
}

MatrixCell Matrix::CellOf(double demand, Arm arm, int32_t weather, bool night,
                          uint64_t seed) const {
  return arm == Arm::kPlain ? MatrixCell{demand, arm, -1, false, seed}
                            : MatrixCell{demand, arm, weather, night, seed};
}

std::string Matrix::NameOf(const MatrixCell& cell) const {
  std::string weather;
  if (cell.weather >= 0) {
    weather = fmt::format("-{}-{}", weathers[static_cast<size_t>(cell.weather)].name,
                          cell.night ? "night" : "day");
  }
  return fmt::format("{}-demand{}{}-seed{}", LetterOf(cell.arm), cell.demand, weather, cell.seed);
}

Scenario Matrix::ScenarioOf(const MatrixCell& cell) const {
  Scenario scenario = base;
  scenario.demand = cell.demand;
  scenario.arm = LetterOf(cell.arm);
  scenario.weather = cell.weather >= 0 ? TextOf(cell.weather, cell.night) : "";
  scenario.fcd = false;
  return scenario;
}

WeatherSeries Matrix::WeatherOf(int32_t weather, bool night) const {
  return ReadWeather(TextOf(weather, night));
}

std::string Matrix::TextOf(int32_t weather, bool night) const {
  return weathers[static_cast<size_t>(weather)].text + (night ? "+night_dry" : "");
}

bool IsMatrix(std::string_view yaml, const std::string& source) {
  for (const YamlEntry& entry : ParseYaml(yaml, source)) {
    const std::string_view top = std::string_view(entry.key).substr(0, entry.key.find('.'));
    if (top == "arms" || top == "light" || top == "seeds" || top == "corridor" ||
        top == "animation") {
      return true;
    }
    if (entry.kind == YamlEntry::Kind::kList && (top == "demand" || top == "weather")) {
      return true;
    }
  }
  return false;
}

Matrix ReadMatrix(const std::string& path, uint64_t first_seed) {
  return ParseMatrix(ReadFile(path), path, first_seed);
}

Matrix ParseMatrix(std::string_view yaml, const std::string& source, uint64_t first_seed) {
  return MatrixReader(yaml, source, first_seed).Read();
}

std::string LetterOf(Arm arm) { return {static_cast<char>(arm)}; }

std::string TitleOf(Arm arm) {
  return arm == Arm::kPlain   ? "plain traffic (A)"
         : arm == Arm::kTuned ? "tuned to the weather (B)"
                              : "full twin (C)";
}

}  // namespace tersor::twin
