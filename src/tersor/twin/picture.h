// A figure of SVG, in a page or in a file of its own.
#ifndef TERSOR_TWIN_PICTURE_H_
#define TERSOR_TWIN_PICTURE_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tersor/report/html.h"

namespace tersor::twin {

inline constexpr double kPictureWidth = 880;  // units of the view box; a pixel each where it fits

struct Picture {
  std::string name;         // of its file, unique in a report: "heat-map"
  std::string title, note;  // the note says units or what to know
  std::string description;  // for readers who do not see it
  double width = kPictureWidth, height = 0;
  report::Html body;  // the contents of the <svg>
};

/// The picture with its caption, for a page with PictureStyle().
report::Html Figure(const Picture& picture);

/// The picture as a file: title above it, colours of the light scheme. It needs no page, no script
/// and no style sheet's variables, so that any program that shows SVG shows it.
std::string StandAloneSvg(const Picture& picture);

/// `text` in lower-case letters, digits and hyphens, for the name of a file.
std::string FileWord(const std::string& text);

/// Writes every picture to `folder`/<name>.svg.
void WritePictures(std::span<const Picture> pictures, const std::string& folder);

/// What the pictures need beside report::PageStyle().
std::string_view PictureStyle();

/// A row of signs with names, from `x` on at height `y`. `css` is the class of the sign, `color`
/// its fill where no class says so.
struct LegendEntry {
  std::string css, color, text;
};
void DrawLegend(std::span<const LegendEntry> entries, double x, double y, report::Html* svg);

/// A text of the class `css` at a place; `anchor` is start, middle or end.
void DrawText(const std::string& css, const std::string& anchor, double x, double y,
              const std::string& text, report::Html* svg);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_PICTURE_H_
