#include "tersor/twin/weather/weather_series.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <optional>
#include <utility>

#include "tersor/twin/xml_reader.h"
#include "tersor/util/config.h"
#include "tersor/util/config_check.h"
#include "tersor/util/error.h"
#include "tersor/util/file.h"
#include "tersor/util/yaml.h"

namespace tersor::twin {
namespace {

using Field = std::pair<const char*, double Weather::*>;

// Those that change gradually from one moment to the next.
constexpr Field kGradual[] = {{"friction_peak", &Weather::friction_peak},
                              {"friction_slide", &Weather::friction_slide},
                              {"visibility", &Weather::visibility},
                              {"speed_factor", &Weather::speed_factor},
                              {"headway_factor", &Weather::headway_factor},
                              {"accel_factor", &Weather::accel_factor},
                              {"reaction_time", &Weather::reaction_time},
                              {"rain", &Weather::rain},
                              {"snow", &Weather::snow},
                              {"water_film", &Weather::water_film}};

Schema SchemaOf(Weather& weather) {
  Schema schema;
  for (const auto& [name, member] : kGradual) {
    schema.Add(name, "", &(weather.*member));
  }
  schema.Add("name", "", &weather.name);
  schema.Add("headlamp_range", "", &weather.headlamp_range);
  return schema;
}

Weather JoinedPresets(std::string_view names) {
  std::optional<Weather> joined;
  while (true) {
    const size_t plus = names.find('+');
    const Weather& next = WeatherPreset(names.substr(0, plus));
    joined = joined ? Combined(*joined, next) : next;
    if (plus == std::string_view::npos) {
      return *joined;
    }
    names.remove_prefix(plus + 1);
  }
}

/// Runs `read` and puts the place before what it complains about.
template <typename Read>
void WithPlace(const std::string& at, const Read& read) {
  try {
    read();
  } catch (const UsageError& error) {
    FailUsage(at, ": ", error.what());
  }
}

/// Reads a file's entries one after another.
class WeatherReader {
 public:
  WeatherReader(std::vector<YamlEntry> entries, std::string source)
      : entries_(std::move(entries)), source_(std::move(source)) {}

  WeatherSeries Read() {
    // Presets first, so that fields are set upon them wherever they stand.
    for (const bool presets : {true, false}) {
      for (const YamlEntry& entry : entries_) {
        Take(entry, presets);
      }
    }
    if (series_.empty()) {
      series_.push_back({0, plain_});
    } else if (plain_at_.empty()) {
      std::ranges::sort(series_, {}, &WeatherMoment::time);
    } else {
      FailUsage(plain_at_, ": a file has either one weather or a series; put it into the series");
    }
    result_.moments = std::move(series_);
    result_.Validate(source_);
    return std::move(result_);
  }

 private:
  void Take(const YamlEntry& entry, bool presets) {
    const std::string_view key = entry.key;
    if (key.starts_with("series.")) {
      TakeMoment(entry, key.substr(7), presets);
    } else if (key == "series" || key == "lanes") {
      if (entry.kind != YamlEntry::Kind::kSection) {
        FailUsage(entry.at, ": ", key, " is a mapping, of ",
                  key == "lanes" ? "lanes to friction" : "times to weathers");
      }
    } else if (key.starts_with("lanes.")) {
      WithPlace(entry.at, [&] { result_.lanes[std::string(key.substr(6))] = NumberOf(entry); });
    } else if (key == "aquaplaning" || key == "tyre_pressure") {
      Schema schema;
      schema.Add("aquaplaning", "", &result_.aquaplaning)
          .Add("tyre_pressure", "", &result_.tyre_pressure)
          .Set(key, Scalar(entry), entry.at);
    } else {
      plain_at_ = entry.at;
      TakeField(entry, key, plain_, presets);
    }
  }

  // `rest` is a time, or a field of the moment whose mapping is being read.
  void TakeMoment(const YamlEntry& entry, std::string_view rest, bool presets) {
    if (const std::optional<double> time = ParseNumber(rest)) {
      const auto same = std::ranges::find(series_, *time, &WeatherMoment::time);
      if (presets && same != series_.end()) {
        FailUsage(entry.at, ": the series has time ", *time, " twice");
      }
      if (presets) {
        series_.push_back({*time, {}});
      }
      moment_ = presets ? series_.size() - 1 : static_cast<size_t>(same - series_.begin());
      section_ = entry.kind == YamlEntry::Kind::kSection ? entry.key + "." : "";
      if (entry.kind != YamlEntry::Kind::kSection) {
        TakeField(entry, "weather", series_[moment_].weather, presets);
      }
    } else if (!section_.empty() && entry.key.starts_with(section_)) {
      TakeField(entry, std::string_view(entry.key).substr(section_.size()),
                series_[moment_].weather, presets);
    } else {
      FailUsage(entry.at, ": ", rest, " is not a time in seconds");
    }
  }

  void TakeField(const YamlEntry& entry, std::string_view field, Weather& weather, bool presets) {
    if (presets == (field == "weather")) {
      if (presets) {
        WithPlace(entry.at, [&] { weather = JoinedPresets(Scalar(entry)); });
      } else {
        std::vector<std::string> known = {"weather", "series", "lanes", "aquaplaning",
                                          "tyre_pressure"};
        Schema schema = SchemaOf(weather);
        for (const ConfigField& one : schema.fields()) {
          known.push_back(one.key);
        }
        if (std::ranges::find(known, field) == known.end()) {
          const std::string nearest = NearestName(field, known);
          FailUsage(entry.at, ": unknown key '", field, "'",
                    nearest.empty() ? "" : "; did you mean '" + nearest + "'?");
        }
        schema.Set(field, Scalar(entry), entry.at);
      }
    }
  }

  static const std::string& Scalar(const YamlEntry& entry) {
    if (entry.kind != YamlEntry::Kind::kScalar) {
      FailUsage(entry.at, ": ", entry.key, " has to be one value");
    }
    return entry.items.front().text;
  }

  static double NumberOf(const YamlEntry& entry) {
    const std::optional<double> number = ParseNumber(Scalar(entry));
    if (!number) {
      FailUsage(entry.key, " is ", Scalar(entry), ", not a number");
    }
    return *number;
  }

  std::vector<YamlEntry> entries_;
  std::string source_;
  WeatherSeries result_;
  std::vector<WeatherMoment> series_;
  Weather plain_;
  std::string plain_at_;  // where a weather outside of a series is
  std::string section_;   // of the moment at moment_, with a dot; "": it is no mapping
  size_t moment_ = 0;
};

}  // namespace

Weather WeatherSeries::At(double time) const {
  const auto after = std::ranges::upper_bound(moments, time, {}, &WeatherMoment::time);
  if (after == moments.begin()) {
    return moments.front().weather;
  }
  const WeatherMoment& from = *(after - 1);
  if (after == moments.end()) {
    return from.weather;
  }
  const double share = (time - from.time) / (after->time - from.time);
  Weather weather = from.weather;
  for (const auto& [name, member] : kGradual) {
    weather.*member += share * (after->weather.*member - weather.*member);
  }
  return weather;
}

void WeatherSeries::Validate(const std::string& where) const {
  WithPlace(where, [&] {
    for (const WeatherMoment& moment : moments) {
      if (!std::isfinite(moment.time)) {
        FailUsage("the series has a time that is not finite");
      }
      moment.weather.Validate();
    }
    for (const auto& [id, friction] : lanes) {
      CheckRange("lanes: " + id, friction, 0.01, 1.5);
    }
    CheckRange("tyre_pressure (kPa)", tyre_pressure, 50, 1000);
  });
}

void WeatherSeries::CheckCovers(const TimeWindow& window, const std::string& where) const {
  if (moments.size() == 1) {
    return;
  }
  const double first = moments.front().time, last = moments.back().time;
  if (first > window.begin || last < window.end) {
    FailUsage(where, ": the weather series reaches from ", first, " to ", last, " s, the run from ",
              window.begin, " to ",
              std::isinf(window.end) ? "when everybody has arrived (give the scenario an end)"
                                     : std::to_string(window.end) + " s",
              "; add times to the series");
  }
}

WeatherSeries ReadWeather(const std::string& text, const std::string& folder) {
  if (!text.ends_with(".yaml") && !text.ends_with(".yml")) {
    WeatherSeries series;
    series.moments = {{0, JoinedPresets(text)}};
    return series;
  }
  const std::string path = (std::filesystem::path(folder) / text).string();
  return ParseWeather(ReadFile(path), path);
}

WeatherSeries ParseWeather(std::string_view yaml, const std::string& source) {
  return WeatherReader(ParseYaml(yaml, source), source).Read();
}

}  // namespace tersor::twin
