// The scenario matrix: one scenario at several demands, in several weathers, by day and by night,
// with several seeds, by plain and by full simulation.
#ifndef TERSOR_TWIN_MATRIX_MATRIX_H_
#define TERSOR_TWIN_MATRIX_MATRIX_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tersor/twin/corridor.h"
#include "tersor/twin/scenario.h"
#include "tersor/twin/weather/weather_series.h"

namespace tersor::twin {

/// How a cell simulates: A plain traffic, which knows no weather; B the same with its drivers'
/// parameters tuned to the weather; C the full twin, with vehicle dynamics and perception.
enum class Arm : char { kPlain = 'A', kTuned = 'B', kTwin = 'C' };

/// One weather of a matrix.
struct MatrixWeather {
  std::string name;  // for people and files: "heavy_rain"
  std::string text;  // as a scenario says it: presets joined by +, or a file
};

/// One run of the matrix.
struct MatrixCell {
  double demand = 1;
  Arm arm = Arm::kPlain;
  /// Of arm A, which knows neither, the weather is -1 and `night` is false: it runs once for all.
  int32_t weather = -1;  // of the matrix
  bool night = false;
  uint64_t seed = 0;

  bool operator==(const MatrixCell&) const = default;
};

struct Matrix {
  std::string name;  // of its file, without .yaml
  /// What all cells share; a network of its own, or the corridor, whose files are made when the
  /// matrix runs.
  Scenario base;
  bool on_corridor = false;
  CorridorOptions corridor;

  std::vector<double> demands = {1};
  std::vector<MatrixWeather> weathers = {{"clear_dry", "clear_dry"}};
  std::vector<bool> nights = {false};
  std::vector<Arm> arms = {Arm::kPlain, Arm::kTuned, Arm::kTwin};
  std::vector<uint64_t> seeds;

  /// The part of a run that the animation shows, in s; nothing where they are equal.
  double animation_begin = 0, animation_end = 120;

  bool Has(Arm arm) const;
  /// All runs: seed by seed, so that what an interruption leaves is whole repetitions.
  std::vector<MatrixCell> Cells() const;
  /// The run that stands for a condition; arm A's is the same for every weather and light.
  MatrixCell CellOf(double demand, Arm arm, int32_t weather, bool night, uint64_t seed) const;
  /// "C-demand0.8-heavy_rain-night-seed3", a name for its files.
  std::string NameOf(const MatrixCell& cell) const;
  /// A weather as a scenario says it, and what it is, by day or by night.
  std::string TextOf(int32_t weather, bool night) const;
  WeatherSeries WeatherOf(int32_t weather, bool night) const;
  /// The scenario of a run, without files or pictures of its own.
  Scenario ScenarioOf(const MatrixCell& cell) const;
};

/// Whether a YAML file of `tersor twin run` is a matrix: it has a field that only a matrix has, or
/// a list of demands or weathers. Throws UsageError where it is no YAML.
bool IsMatrix(std::string_view yaml, const std::string& source);

/// Reads a matrix: the fields of a scenario (scenario.h), or of the corridor (`corridor: {demand,
/// end, step}`), and
///   demand: [0.6, 0.8, 1.0]         # of all that the files ask for
///   weather: [clear_dry, heavy_rain]
///   light: [day, night]
///   arms: [A, B, C]
///   seeds: 10                       # so many from `first_seed` on, or a list of them
///   animation: {begin: 60, end: 180}
/// Throws UsageError naming file, line and field: unknown words (with the nearest known one), empty
/// lists, values given twice, numbers out of range.
Matrix ReadMatrix(const std::string& path, uint64_t first_seed = 0);

/// The same of a text; its folder is that of `source`.
Matrix ParseMatrix(std::string_view yaml, const std::string& source, uint64_t first_seed = 0);

/// "A", "B", "C".
std::string LetterOf(Arm arm);
/// "plain traffic (A)", ...
std::string TitleOf(Arm arm);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_MATRIX_MATRIX_H_
