#include "tersor/twin/animation.h"

#include "tersor/report/html.h"
#include "tersor/report/page_head.h"
#include "tersor/twin/viewer_assets.h"
#include "tersor/util/error.h"
#include "tersor/util/file.h"

namespace tersor::twin {
namespace {

using report::Html;

/// JSON that cannot end the element that holds it: within its strings, `<` is written as an escape.
std::string InScript(const Json& data) {
  std::string out;
  for (const char c : data.dump(-1, ' ', true, Json::error_handler_t::replace)) {
    if (c == '<') {
      out += "\\u003c";
    } else {
      out += c;
    }
  }
  return out;
}

Html Button(const std::string& id, const std::string& label, const std::string& text) {
  Html html;
  html.Open("button", {{"id", id}, {"type", "button"}, {"aria-label", label}, {"title", label}});
  return html.Text(text).Close();
}

struct Choice {
  const char *value, *text;
};

Html Select(const std::string& id, const std::string& label, std::span<const Choice> choices,
            std::string_view chosen) {
  Html html;
  html.Open("label").Text(label + " ").Open("select", {{"id", id}});
  for (const Choice& choice : choices) {
    if (choice.value == chosen) {
      html.Element("option", {{"value", choice.value}, {"selected", ""}}, choice.text);
    } else {
      html.Element("option", {{"value", choice.value}}, choice.text);
    }
  }
  return html.Close().Close();
}

Html Canvas(const std::string& id, const std::string& label) {
  Html html;
  return html.Element("canvas",
                      {{"id", id}, {"tabindex", "0"}, {"role", "img"}, {"aria-label", label}}, "");
}

Html ZoomPart() {
  Html html;
  html.Open("div", {{"class", "zoom"}});
  html.Append(Button("zoom-in", "Zoom in", "+")).Append(Button("zoom-out", "Zoom out", "−"));
  html.Append(Button("fit", "Show everything", "Fit")).Close();
  return html.Element("noscript", {}, "This page draws with JavaScript, which is switched off.");
}

Html MapPart() {
  Html html;
  html.Open("main").Append(
      Canvas("map", "The road network from above with vehicles, signals and conflicts"));
  return html.Append(ZoomPart()).Close();
}

/// Half of the map, with the choice of its run.
Html Pane(const std::string& side, const std::string& canvas,
          const std::vector<AnimationRun>& runs) {
  Html html;
  html.Open("div", {{"class", "pane"}});
  html.Append(Canvas(canvas, "The road network from above, the run on the " + side));
  html.Open("div", {{"class", "run"}});
  html.Open("select", {{"id", "run-" + side}, {"aria-label", "Run on the " + side}});
  for (size_t i = 0; i < runs.size(); ++i) {
    html.Element("option", {{"value", std::to_string(i)}}, runs[i].name);
  }
  html.Close().Element("output", {{"id", "count-" + side}}, "");
  return html.Close().Close();
}

Html PanesPart(const std::vector<AnimationRun>& runs) {
  Html html;
  html.Open("main", {{"class", "beside"}});
  html.Append(Pane("left", "map-left", runs)).Append(Pane("right", "map", runs));
  return html.Append(ZoomPart()).Close();
}

Html VehiclePart() {
  Html html;
  html.Open("section", {{"id", "vehicle"}, {"aria-label", "Followed vehicle"}, {"hidden", ""}});
  html.Open("h2").Element("span", {{"id", "vehicle-id"}}, "").Close().Open("dl");
  for (const auto& [name, label] :
       {Choice{"type", "Type"}, {"speed", "Speed"}, {"accel", "Acceleration"}, {"lane", "Lane"}}) {
    html.Element("dt", {}, label);
    html.Element("dd", {{"id", std::string("vehicle-") + name}}, "");
  }
  html.Close().Append(Button("release", "Stop following", "Stop following"));
  return html.Close();
}

Html LegendPart() {
  Html html;
  html.Open("section", {{"aria-label", "Legend"}}).Open("div", {{"class", "row"}});
  constexpr Choice kColors[] = {{"speed", "speed"}, {"type", "type"}};
  html.Append(Select("color", "Colour by", kColors, "speed")).Close();
  html.Element("div", {{"id", "legend"}}, "").Open("ul", {{"class", "signs"}});
  for (const auto& [sign, text] : {Choice{"go", "go"},
                                   {"caution", "caution"},
                                   {"stop", "stop"},
                                   {"band0", "conflict"},
                                   {"band1", "TTC ≤ 1.5 s"},
                                   {"band2", "≤ 1.0 s"},
                                   {"band3", "≤ 0.5 s"}}) {
    html.Open("li").Element("i", {{"class", sign}}, "").Text(text).Close();
  }
  return html.Close().Close();
}

Html ConflictPart() {
  Html html;
  html.Open("section", {{"class", "list"}, {"aria-labelledby", "conflict-title"}});
  html.Element("h2", {{"id", "conflict-title"}}, "Conflicts").Open("div", {{"class", "row"}});
  constexpr Choice kBands[] = {
      {"0", "all"}, {"1", "TTC ≤ 1.5 s"}, {"2", "TTC ≤ 1.0 s"}, {"3", "TTC ≤ 0.5 s"}};
  html.Append(Select("band", "List", kBands, "0"));
  html.Element("span", {{"id", "listed"}, {"class", "muted"}}, "").Close();
  html.Open("label", {{"class", "row"}});
  html.Leaf("input", {{"type", "checkbox"}, {"id", "all"}}).Text("show their places at all times");
  html.Close().Element("ol", {{"id", "conflicts"}, {"tabindex", "-1"}}, "");
  return html.Close();
}

Html KeyPart() {
  Html html;
  html.Open("details").Element("summary", {}, "Keys").Open("dl", {{"class", "keys"}});
  for (const auto& [keys, text] : {Choice{"Space", "play, pause"},
                                   {", .  < >", "back and on by 1 s, 10 s"},
                                   {"[ ]", "slower, faster"},
                                   {"+ − 0", "zoom, show everything"},
                                   {"Arrows", "move the map, when it has the focus"},
                                   {"f F", "follow the next, the last vehicle"},
                                   {"Esc", "stop following"},
                                   {"n N", "next, last conflict"}}) {
    html.Element("dt", {}, keys).Element("dd", {}, text);
  }
  return html.Close().Close();
}

Html SidePart() {
  Html html;
  html.Open("aside").Append(LegendPart());
  html.Open("form", {{"id", "find"}, {"class", "row"}});
  html.Leaf("input", {{"type", "text"},
                      {"id", "find-id"},
                      {"aria-label", "Id of a vehicle"},
                      {"placeholder", "Id of a vehicle"},
                      {"autocomplete", "off"}});
  html.Element("button", {{"type", "submit"}}, "Follow").Close();
  return html.Append(VehiclePart()).Append(ConflictPart()).Append(KeyPart()).Close();
}

Html BarPart() {
  Html html;
  html.Open("footer").Element("button", {{"id", "play"}, {"type", "button"}}, "Play");
  html.Open("div", {{"class", "scrub"}});
  html.Element("canvas", {{"id", "marks"}, {"aria-hidden", "true"}}, "");
  html.Leaf("input", {{"type", "range"}, {"id", "time"}, {"aria-label", "Time"}}).Close();
  html.Element("output", {{"id", "clock"}, {"for", "time"}}, "");
  constexpr Choice kSpeeds[] = {{"0.25", "¼×"}, {"0.5", "½×"}, {"1", "1×"},   {"2", "2×"},
                                {"5", "5×"},    {"10", "10×"}, {"20", "20×"}, {"50", "50×"}};
  return html.Append(Select("speed", "Speed", kSpeeds, "1")).Close();
}

/// The page around a map, or two.
std::string Page(const std::string& title, const Html& map, const Json& data) {
  Html html;
  html.Trusted("<!DOCTYPE html>\n").Open("html", {{"lang", "en"}});
  html.Append(report::PageHead(title, ViewerStyle())).Open("body").Open("header");
  html.Element("p", {{"class", "brand"}}, "tersor twin").Element("h1", {}, title);
  html.Element("output", {{"id", "count"}}, "").Close();
  html.Append(map).Append(SidePart()).Append(BarPart());
  html.Open("script", {{"type", "application/json"}, {"id", "data"}});
  html.Trusted(InScript(data)).Close();
  html.Open("script").Trusted("'use strict';\n").Trusted(ViewerScript()).Close();
  return html.Close().Close().str();
}

}  // namespace

std::string RenderAnimation(const Network& network, const Recording& recording,
                            std::span<const ConflictMark> conflicts,
                            const AnimationOptions& options) {
  TERSOR_CHECK(recording.frames() > 0, "animation: the recording has no frames; run longer");
  return Page(options.title, MapPart(), AnimationData(network, recording, conflicts, options));
}

std::string RenderSideBySide(std::vector<AnimationRun> runs, size_t left, size_t right,
                             const std::string& title) {
  TERSOR_CHECK(left < runs.size() && right < runs.size(), "animation: runs ", left, " and ", right,
               " of ", runs.size());
  const Html panes = PanesPart(runs);
  Json data = {{"left", left}, {"right", right}, {"runs", Json::array()}};
  for (size_t i = 0; i < runs.size(); ++i) {
    for (const char* const shared : {"lanes", "junctions", "stops"}) {
      if (i > 0) {
        runs[i].data.erase(shared);
      }
    }
    data["runs"].push_back(std::move(runs[i].data));
  }
  return Page(title, panes, data);
}

void WriteAnimation(const Network& network, const Recording& recording,
                    std::span<const ConflictMark> conflicts, const AnimationOptions& options,
                    const std::string& path) {
  WriteFileAtomically(path, RenderAnimation(network, recording, conflicts, options));
}

}  // namespace tersor::twin
