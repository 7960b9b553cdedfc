#include "tersor/twin/picture.h"

#include <fmt/core.h>

#include <cctype>
#include <map>

#include "tersor/report/number_format.h"
#include "tersor/report/page_assets.h"
#include "tersor/report/svg_text.h"
#include "tersor/util/file.h"

namespace tersor::twin {
namespace {

using report::FormatCoordinate;
using report::Html;

constexpr double kTitleHeight = 44;  // of a picture in a file

/// The variables of the first :root block, which is the light scheme's.
void ReadVariables(std::string_view style, std::map<std::string, std::string>* values) {
  const size_t begin = style.find(":root {") + 7, end = style.find('}', begin);
  std::string_view rest = style.substr(begin, end - begin);
  for (size_t at = rest.find("--"); at != rest.npos; at = rest.find("--")) {
    const size_t colon = rest.find(':', at), stop = rest.find(';', colon);
    std::string_view value = rest.substr(colon + 1, stop - colon - 1);
    value.remove_prefix(value.find_first_not_of(' '));
    (*values)[std::string(rest.substr(at, colon - at))] = value;
    rest.remove_prefix(stop + 1);
  }
}

/// The rules of PictureStyle() for the light scheme, with values in place of variables.
std::string PlainStyle() {
  std::map<std::string, std::string> values;
  ReadVariables(report::PageStyle(), &values);
  ReadVariables(PictureStyle(), &values);
  std::string_view rules = PictureStyle();
  rules.remove_prefix(rules.find("/* rules */"));
  std::string out;
  for (size_t at = rules.find("var("); at != rules.npos; at = rules.find("var(")) {
    const size_t end = rules.find(')', at);
    out += rules.substr(0, at);
    out += values.at(std::string(rules.substr(at + 4, end - at - 4)));
    rules.remove_prefix(end + 1);
  }
  return out.append(rules);
}

std::string ViewBox(double top, double width, double height) {
  return fmt::format("0 {} {} {}", FormatCoordinate(top), FormatCoordinate(width),
                     FormatCoordinate(height));
}

}  // namespace

std::string_view PictureStyle() {
  return R"css(
:root {
  --road: #c3c9cf; --area: #d4d9de;
  --band0: #6f7780; --band1: #c98a00; --band2: #d9541e; --band3: #b3126b;
  --h0: #fdeec2; --h1: #fcd68d; --h2: #f8b266; --h3: #ee8853; --h4: #d75c50; --h5: #b03d5b;
  --h6: #812c63; --h7: #4f205f;
  --n0: #d3e5f2; --n1: #94c0e0; --n2: #4f92c4; --n3: #1f5f99;
}
@media (prefers-color-scheme: dark) {
  :root {
    --road: #444b52; --area: #353b41;
    --band0: #98a1aa; --band1: #f3b63a; --band2: #ff8350; --band3: #ff6fb8;
    --h0: #33224a; --h1: #5a275d; --h2: #8a3160; --h3: #b84557; --h4: #da6a4b; --h5: #ee964d;
    --h6: #f8c468; --h7: #fdf0b0;
    --n0: #1b3550; --n1: #27598a; --n2: #4b8cc4; --n3: #9cc9ef;
  }
}
.picture { overflow-x: auto; }
.picture .chart { min-width: 40rem; }
@media print { .picture .chart { min-width: 0; } .picture * { print-color-adjust: exact; } }
/* rules */
svg text { fill: var(--ink); font-size: 13px; }
svg .tick, svg .label, svg .note { fill: var(--muted); }
svg .heading { font-size: 17px; font-weight: 600; }
.grid { stroke: var(--line); }
.base, .mark { stroke: var(--muted); }
.limit { stroke: var(--ink); stroke-dasharray: 5 3; fill: none; }
.area { fill: var(--area); }
.road { fill: none; stroke: var(--road); stroke-linejoin: round; }
.faint .road { stroke: var(--muted); stroke-opacity: 0.5; }
.scale { fill: none; stroke: var(--muted); stroke-width: 1.5; }
.path { fill: none; stroke-width: 1.3; stroke-linejoin: round; }
.junction { fill: var(--area); fill-opacity: 0.6; }
.h0 { fill: var(--h0); } .h1 { fill: var(--h1); } .h2 { fill: var(--h2); }
.h3 { fill: var(--h3); } .h4 { fill: var(--h4); } .h5 { fill: var(--h5); }
.h6 { fill: var(--h6); } .h7 { fill: var(--h7); }
.more0 { fill: var(--h1); } .more1 { fill: var(--h3); }
.more2 { fill: var(--h5); } .more3 { fill: var(--h6); }
.fewer0 { fill: var(--n0); } .fewer1 { fill: var(--n1); }
.fewer2 { fill: var(--n2); } .fewer3 { fill: var(--n3); }
.whisker { fill: none; stroke: var(--ink); stroke-width: 1.5; }
.line.plain { stroke: var(--ink); stroke-width: 1.2; }
.radar { fill: var(--ink); }
.band0 { fill: var(--band0); } .band1 { fill: var(--band1); }
.band2 { fill: var(--band2); } .band3 { fill: var(--band3); }
.ring { fill: none; stroke-width: 2; }
.ring.band0 { stroke: var(--band0); } .ring.band1 { stroke: var(--band1); }
.ring.band2 { stroke: var(--band2); } .ring.band3 { stroke: var(--band3); }
.dot { fill-opacity: 0.6; }
.d0 { fill: var(--c0); } .d1 { fill: var(--c1); } .d2 { fill: var(--c2); }
.d3 { fill: var(--c3); } .d4 { fill: var(--c4); } .d5 { fill: var(--c5); }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; }
.line.c0 { stroke: var(--c0); } .line.c1 { stroke: var(--c1); stroke-dasharray: 7 3; }
.line.c2 { stroke: var(--c2); stroke-dasharray: 2 3; }
.line.c3 { stroke: var(--c3); stroke-dasharray: 9 3 2 3; }
.line.c4 { stroke: var(--c4); stroke-dasharray: 14 4; }
.line.c5 { stroke: var(--c5); stroke-dasharray: 5 2 1 2 1 2; }
)css";
}

Html Figure(const Picture& picture) {
  const std::string title_id = picture.name + "-title", description_id = picture.name + "-desc";
  Html html;
  html.Open("figure", {{"class", "plot"}, {"id", picture.name}}).Open("figcaption");
  html.Element("strong", {}, picture.title);
  if (!picture.note.empty()) {
    html.Element("span", {{"class", "muted"}}, picture.note);
  }
  html.Close().Open("div", {{"class", "picture"}});
  html.Open("svg", {{"class", "chart"},
                    {"viewBox", ViewBox(0, picture.width, picture.height)},
                    {"role", "img"},
                    {"aria-labelledby", title_id + " " + description_id}});
  html.Element("title", {{"id", title_id}}, picture.title);
  html.Element("desc", {{"id", description_id}}, picture.description);
  return html.Append(picture.body).Close().Close().Close();
}

std::string StandAloneSvg(const Picture& picture) {
  const double height = picture.height + kTitleHeight;
  Html svg;
  svg.Trusted("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
  svg.Open("svg", {{"xmlns", "http://www.w3.org/2000/svg"},
                   {"width", FormatCoordinate(picture.width)},
                   {"height", FormatCoordinate(height)},
                   {"viewBox", ViewBox(-kTitleHeight, picture.width, height)},
                   {"font-family", "Roboto, 'DejaVu Sans', Arial, sans-serif"}});
  svg.Element("title", {}, picture.title).Element("desc", {}, picture.description);
  svg.Open("style").Trusted(PlainStyle()).Close();
  svg.Leaf("rect", {{"y", FormatCoordinate(-kTitleHeight)},
                    {"width", FormatCoordinate(picture.width)},
                    {"height", FormatCoordinate(height)},
                    {"fill", "#ffffff"}});
  DrawText("heading", "start", 10, 24 - kTitleHeight, picture.title, &svg);
  DrawText("note", "end", picture.width - 10, 24 - kTitleHeight, picture.note, &svg);
  return svg.Append(picture.body).Close().str();
}

std::string FileWord(const std::string& text) {
  std::string out;
  for (const char c : text) {
    out += std::isalnum(static_cast<unsigned char>(c))
               ? static_cast<char>(std::tolower(static_cast<unsigned char>(c)))
               : '-';
  }
  return out;
}

void WritePictures(std::span<const Picture> pictures, const std::string& folder) {
  MakeFolders(folder);
  for (const Picture& picture : pictures) {
    WriteFileAtomically(folder + "/" + picture.name + ".svg", StandAloneSvg(picture));
  }
}

void DrawLegend(std::span<const LegendEntry> entries, double x, double y, Html* svg) {
  for (const LegendEntry& entry : entries) {
    if (entry.css.starts_with("line")) {
      svg->Leaf("path",
                {{"class", entry.css},
                 {"d", fmt::format("M{} {}h26", FormatCoordinate(x), FormatCoordinate(y))}});
      x += 32;
    } else {
      svg->Leaf("circle", {{"class", entry.css},
                           {"fill", entry.color.empty() ? "none" : entry.color},
                           {"cx", FormatCoordinate(x + 5)},
                           {"cy", FormatCoordinate(y)},
                           {"r", "5"}});
      x += 16;
    }
    DrawText("", "start", x, y + 4.5, entry.text, svg);
    x += report::TextWidth(entry.text) + 18;
  }
}

void DrawText(const std::string& css, const std::string& anchor, double x, double y,
              const std::string& text, Html* svg) {
  svg->Element("text",
               {{"class", css},
                {"text-anchor", anchor},
                {"x", FormatCoordinate(x)},
                {"y", FormatCoordinate(y)}},
               text);
}

}  // namespace tersor::twin
