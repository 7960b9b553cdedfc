#include "tersor/twin/twin_report.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <set>

#include "tersor/report/html.h"
#include "tersor/report/number_format.h"
#include "tersor/report/page_assets.h"
#include "tersor/report/page_head.h"
#include "tersor/report/table.h"
#include "tersor/twin/conflict_charts.h"
#include "tersor/twin/edge_way.h"
#include "tersor/twin/edie.h"
#include "tersor/twin/fundamental_diagram.h"
#include "tersor/twin/heat_map.h"
#include "tersor/twin/road_map.h"
#include "tersor/twin/time_space.h"
#include "tersor/util/file.h"

namespace tersor::twin {
namespace {

using report::FormatFixed;
using report::Html;

constexpr size_t kListedConflicts = 20;
constexpr int kBands = static_cast<int>(kSeverityTtc.size()) + 1;

/// Vehicle-kilometres and vehicle-hours of all steps between frames.
struct Travel {
  double kilometres = 0, hours = 0;
};

Travel TravelOf(const Recording& recording) {
  Travel travel;
  for (size_t frame = 0; frame + 1 < recording.frames(); ++frame) {
    const double step = recording.time[frame + 1] - recording.time[frame];
    for (size_t i = recording.begin[frame]; i < recording.begin[frame + 1]; ++i) {
      travel.kilometres += recording.speed[i] * step / 1000;
      travel.hours += step / 3600;
    }
  }
  return travel;
}

using Metrics = std::vector<std::pair<std::string, double>>;

/// What the recording and the conflicts say by themselves, then the caller's.
Metrics AllMetrics(const TwinRun& run) {
  const Travel travel = TravelOf(*run.recording);
  const size_t frames = run.recording->frames();
  const double seconds = frames > 0 ? run.recording->time.back() - run.recording->time.front() : 0;
  const double count = static_cast<double>(run.conflicts.size());
  double least = NAN, most = NAN;
  for (const ConflictMark& conflict : run.conflicts) {
    least = std::fmin(least, conflict.ttc);
    most = std::fmax(most, conflict.drac);
  }
  Metrics out = {
      {"simulated minutes", seconds / 60},
      {"vehicles", static_cast<double>(run.recording->vehicles.size())},
      {"vehicle-kilometres", travel.kilometres},
      {"mean speed, m/s", travel.hours > 0 ? travel.kilometres / travel.hours / 3.6 : NAN},
      {"conflicts", count},
      {"conflicts per 1000 vehicle-km",
       travel.kilometres > 0 ? 1000 * count / travel.kilometres : NAN},
      {"smallest TTC, s", least},
      {"largest DRAC, m/s²", most}};
  out.insert(out.end(), run.metrics.begin(), run.metrics.end());
  return out;
}

Html Tiles(const Metrics& metrics) {
  Html html;
  html.Open("dl", {{"class", "tiles"}});
  for (const auto& [name, value] : metrics) {
    html.Open("div").Element("dt", {}, name);
    html.Element("dd", {}, std::isnan(value) ? "n/a" : report::FormatCompact(value)).Close();
  }
  return html.Close();
}

/// Conflicts by type and severity band.
report::Table BandTable(const std::vector<ConflictMark>& conflicts) {
  report::Table table;
  table.caption = "Conflicts by type and smallest time to collision";
  std::vector<std::string> rows = ConflictTypes(conflicts);
  const size_t types = rows.size();
  rows.push_back("all");
  table.columns = {{"type", false, rows}};
  const std::vector<std::string> titles = {"above 1.5 s", "1.0 to 1.5 s", "0.5 to 1.0 s",
                                           "up to 0.5 s", "all"};
  for (int band = 0; band <= kBands; ++band) {
    std::vector<std::string> cells;
    for (size_t row = 0; row <= types; ++row) {
      cells.push_back(report::FormatNumber(static_cast<double>(
          std::count_if(conflicts.begin(), conflicts.end(), [&](const ConflictMark& c) {
            return (row == types || c.type == rows[row]) &&
                   (band == kBands || SeverityBand(c) == band);
          }))));
    }
    table.columns.push_back({titles[static_cast<size_t>(band)], true, cells});
  }
  return table;
}

/// The most severe ones, by TTC, then DRAC.
std::vector<ConflictMark> MostSevere(std::vector<ConflictMark> conflicts) {
  const auto key = [](const ConflictMark& c) {
    return std::pair(std::isnan(c.ttc) ? HUGE_VAL : c.ttc, std::isnan(c.drac) ? 0 : -c.drac);
  };
  std::stable_sort(conflicts.begin(), conflicts.end(),
                   [&](const ConflictMark& a, const ConflictMark& b) { return key(a) < key(b); });
  conflicts.resize(std::min(conflicts.size(), kListedConflicts));
  return conflicts;
}

std::string VehicleName(const Recording& recording, int32_t vehicle) {
  return vehicle < 0 || static_cast<size_t>(vehicle) >= recording.vehicles.size()
             ? "unknown"
             : recording.vehicles[static_cast<size_t>(vehicle)].id;
}

/// A file's name as a relative link: everything but letters, digits and a few signs as %XX, so
/// that it can name neither a scheme nor a fragment.
std::string LinkTo(const std::string& file) {
  std::string out = "./";
  for (const char c : file) {
    const bool plain =
        std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-' || c == '_' || c == '/';
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

Html ConflictTable(const TwinRun& run) {
  const std::vector<ConflictMark> listed = MostSevere(run.conflicts);
  const auto value = [](double v, int decimals) {
    return std::isnan(v) ? std::string("n/a") : FormatFixed(v, decimals);
  };
  Html html;
  html.Open("div", {{"class", "scroll"}, {"tabindex", "0"}}).Open("table");
  html.Element("caption", {}, fmt::format("The {} most severe conflicts", listed.size()));
  html.Open("thead").Open("tr");
  for (const auto& [title, css] : {std::pair{"time, s", "number"},
                                   {"type", "text"},
                                   {"vehicles", "text"},
                                   {"TTC, s", "number"},
                                   {"DRAC, m/s²", "number"},
                                   {"PET, s", "number"}}) {
    html.Element("th", {{"scope", "col"}, {"class", css}}, title);
  }
  html.Close().Close().Open("tbody");
  for (const ConflictMark& c : listed) {
    html.Open("tr").Open("td", {{"class", "number"}});
    const std::string time = FormatFixed(c.time, 1);
    if (run.animation.empty()) {
      html.Text(time);
    } else {
      html.Element("a", {{"href", fmt::format("{}#t={:.2f}", LinkTo(run.animation), c.time)}},
                   time);
    }
    html.Close().Element("td", {{"class", "text"}}, c.type);
    html.Element(
        "td", {{"class", "text"}},
        VehicleName(*run.recording, c.first) + " and " + VehicleName(*run.recording, c.second));
    html.Element("td", {{"class", "number"}}, value(c.ttc, 2));
    html.Element("td", {{"class", "number"}}, value(c.drac, 2));
    html.Element("td", {{"class", "number"}}, value(c.pet, 2)).Close();
  }
  return html.Close().Close().Close();
}

}  // namespace

std::vector<Picture> RunPictures(const TwinRun& run) {
  std::vector<Picture> out;
  if (run.conflicts.empty()) {
    out.push_back(NetworkPicture(*run.network));
  } else {
    out.push_back(ConflictHeatMap(*run.network, run.conflicts));
    const std::vector<std::string> types = ConflictTypes(run.conflicts);
    for (const std::string& type : types.size() > 1 ? types : std::vector<std::string>()) {
      out.push_back(ConflictHeatMap(*run.network, run.conflicts, {.type = type}));
    }
    out.push_back(TtcHistogram(run.conflicts));
    out.push_back(DracHistogram(run.conflicts));
    out.push_back(CumulativeCurves(run.conflicts));
    out.push_back(TtcDracScatter(run.conflicts, run.braking_limit));
  }
  const std::vector<int32_t> way =
      run.way.empty() ? BusiestWay(*run.network, *run.recording) : run.way;
  if (!way.empty()) {
    out.push_back(TimeSpaceDiagram(*run.network, *run.recording, run.conflicts, way));
  }
  const std::vector<EdgeState> states =
      EdieStates(*run.network, *run.recording, run.state_interval);
  if (!states.empty()) {
    out.push_back(FundamentalDiagram(states));
  }
  std::set<std::string> names;  // types may differ in signs that names leave out
  for (Picture& picture : out) {
    while (!names.insert(picture.name).second) {
      picture.name += "-more";
    }
  }
  return out;
}

std::string RenderTwinReport(const TwinRun& run, const std::vector<Picture>& pictures) {
  Html html;
  html.Trusted("<!DOCTYPE html>\n").Open("html", {{"lang", "en"}});
  html.Append(report::PageHead(run.title, PictureStyle())).Open("body").Open("header");
  html.Element("p", {{"class", "brand"}}, "tersor twin").Element("h1", {}, run.title).Close();
  html.Open("main").Open("section", {{"aria-label", "Figures"}});
  if (!run.command.empty()) {
    html.Open("pre", {{"class", "command"}, {"tabindex", "0"}, {"aria-label", "Command"}});
    html.Element("code", {}, run.command).Close();
  }
  html.Append(Tiles(AllMetrics(run)));
  if (!run.animation.empty()) {
    html.Open("p").Element("a", {{"href", LinkTo(run.animation)}}, "Watch the run").Close();
  }
  html.Close();
  if (!run.conflicts.empty()) {
    html.Open("section", {{"aria-labelledby", "conflicts"}});
    html.Element("h2", {{"id", "conflicts"}}, "Conflicts");
    html.Append(report::RenderTable(BandTable(run.conflicts))).Append(ConflictTable(run)).Close();
  }
  html.Open("section", {{"aria-labelledby", "pictures"}});
  html.Element("h2", {{"id", "pictures"}}, "Pictures");
  for (const Picture& picture : pictures) {
    html.Append(Figure(picture));
  }
  html.Close().Close().Open("script").Trusted(report::PageScript()).Close();
  return html.Close().Close().str();
}

void WriteTwinReport(const TwinRun& run, const std::string& path,
                     const std::string& picture_folder) {
  const std::vector<Picture> pictures = RunPictures(run);
  WriteFileAtomically(path, RenderTwinReport(run, pictures));
  if (!picture_folder.empty()) {
    WritePictures(pictures, picture_folder);
  }
}

}  // namespace tersor::twin
