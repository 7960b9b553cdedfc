#include "tersor/twin/clips/clip_sheet.h"

#include <fmt/core.h>
#include <stb/stb_easy_font.h>

#include <algorithm>
#include <array>

#include "tersor/report/number_format.h"
#include "tersor/report/page_head.h"
#include "tersor/twin/column_code.h"
#include "tersor/twin/viewer_assets.h"
#include "tersor/util/error.h"
#include "tersor/util/file.h"

namespace tersor::twin {
namespace {

using report::Html;

constexpr int64_t kGap = 8, kFrameGap = 2,
                  kLabel = 14;         // pixels between clips and frames, and of a class's name
constexpr int64_t kSheetWidth = 1600;  // pixels, about
constexpr int64_t kSheetFrames = 4;
constexpr uint8_t kPaper = 250, kInk = 30;

/// Copies a picture of `side` pixels a row into the sheet.
void Paste(std::span<const uint8_t> pixels, int64_t height, int64_t width, int64_t top,
           int64_t left, io::Image* sheet) {
  for (int64_t row = 0; row < height; ++row) {
    std::copy_n(pixels.begin() + row * width * 3, width * 3,
                sheet->pixels.begin() + ((top + row) * sheet->width + left) * 3);
  }
}

/// A line of plain letters.
void Write(std::string text, int64_t top, int64_t left, io::Image* sheet) {
  struct Corner {
    float x, y, z;
    std::array<uint8_t, 4> color;
  };
  std::vector<Corner> corners(4 * 70 * (text.size() + 1));
  const int quads = stb_easy_font_print(0, 0, text.data(), nullptr, corners.data(),
                                        static_cast<int>(corners.size() * sizeof(Corner)));
  for (size_t quad = 0; quad < static_cast<size_t>(quads); ++quad) {
    const Corner &low = corners[4 * quad], &high = corners[4 * quad + 2];
    for (auto y = static_cast<int64_t>(low.y); y < static_cast<int64_t>(high.y); ++y) {
      for (auto x = static_cast<int64_t>(low.x); x < static_cast<int64_t>(high.x); ++x) {
        if (top + y < sheet->height && left + x < sheet->width) {
          std::fill_n(sheet->pixels.begin() + ((top + y) * sheet->width + left + x) * 3, 3, kInk);
        }
      }
    }
  }
}

/// All frames of a clip below one another, as PNG.
std::string Strip(const io::ClipSet& clips, int64_t clip) {
  const io::ClipShape& shape = clips.description().shape;
  const std::span<const uint8_t> pixels = clips.Clip(clip);
  return io::EncodePng({io::ClipShape::kChannels, shape.frames * shape.height, shape.width,
                        std::vector<uint8_t>(pixels.begin(), pixels.end())});
}

Html Facts(const io::ClipSetDescription& set) {
  Html html;
  html.Open("dl", {{"class", "tiles"}});
  for (const auto& [name, value] :
       {std::pair<std::string, std::string>{"clips", report::FormatNumber(double(set.clips))},
        {"of them for training", report::FormatNumber(double(set.train))},
        {"classes", std::to_string(set.classes.size())},
        {"frames", std::to_string(set.shape.frames)},
        {"pixels", fmt::format("{} × {}", set.shape.width, set.shape.height)},
        {"frames a second", report::FormatCompact(set.fps)}}) {
    html.Open("div").Element("dt", {}, name).Element("dd", {}, value).Close();
  }
  return html.Close();
}

Html Players(const io::ClipSet& clips, int64_t columns) {
  const io::ClipSetDescription& set = clips.description();
  const std::vector<std::vector<int64_t>> samples = SampleClips(clips, columns);
  Html html;
  for (size_t label = 0; label < samples.size(); ++label) {
    html.Element("h2", {}, set.classes[label]).Open("div", {{"class", "clips"}});
    for (const int64_t clip : samples[label]) {
      html.Open("figure");
      html.Element("canvas",
                   {{"width", std::to_string(set.shape.width)},
                    {"height", std::to_string(set.shape.height)},
                    {"role", "img"},
                    {"aria-label", fmt::format("Clip {}: {}", clip, set.classes[label])},
                    {"data-strip", "data:image/png;base64," + Base64(Strip(clips, clip))}},
                   "");
      html.Element("figcaption", {}, fmt::format("clip {}", clip)).Close();
    }
    html.Close();
  }
  return html;
}

}  // namespace

std::vector<std::vector<int64_t>> SampleClips(const io::ClipSet& clips, int64_t columns) {
  std::vector<std::vector<int64_t>> all(clips.description().classes.size());
  for (int64_t clip = 0; clip < clips.size(); ++clip) {
    all[static_cast<size_t>(clips.Label(clip))].push_back(clip);
  }
  for (std::vector<int64_t>& of_class : all) {
    const auto count = std::min(columns, static_cast<int64_t>(of_class.size()));
    std::vector<int64_t> kept;
    for (int64_t i = 0; i < count; ++i) {
      kept.push_back(of_class[static_cast<size_t>(i * std::ssize(of_class) / count)]);
    }
    of_class = std::move(kept);
  }
  return all;
}

io::Image ContactSheet(const io::ClipSet& clips, int64_t columns, int64_t frames) {
  const io::ClipShape& shape = clips.description().shape;
  frames = std::min(frames, shape.frames);
  const std::vector<std::vector<int64_t>> samples = SampleClips(clips, columns);
  columns = 1;
  for (const std::vector<int64_t>& of_class : samples) {
    columns = std::max(columns, static_cast<int64_t>(of_class.size()));
  }
  const int64_t step = frames * (shape.width + kFrameGap) - kFrameGap + kGap;
  io::Image sheet;
  sheet.channels = io::ClipShape::kChannels;
  sheet.width = kGap + columns * step;
  sheet.height = kGap + std::ssize(samples) * (kLabel + shape.height + kGap);
  sheet.pixels.assign(static_cast<size_t>(sheet.height * sheet.width * sheet.channels), kPaper);
  int64_t top = kGap;
  for (size_t label = 0; label < samples.size(); ++label) {
    Write(clips.description().classes[label], top + 2, kGap, &sheet);
    for (size_t column = 0; column < samples[label].size(); ++column) {
      const std::span<const uint8_t> clip = clips.Clip(samples[label][column]);
      for (int64_t i = 0; i < frames; ++i) {
        const int64_t frame = frames > 1 ? i * (shape.frames - 1) / (frames - 1) : 0;
        const auto bytes = static_cast<size_t>(shape.bytes() / shape.frames);
        Paste(clip.subspan(static_cast<size_t>(frame) * bytes, bytes), shape.height, shape.width,
              top + kLabel,
              kGap + static_cast<int64_t>(column) * step + i * (shape.width + kFrameGap), &sheet);
      }
    }
    top += kLabel + shape.height + kGap;
  }
  return sheet;
}

std::string RenderClipPage(const io::ClipSet& clips, int64_t columns) {
  const io::ClipSetDescription& set = clips.description();
  Html html;
  html.Trusted("<!DOCTYPE html>\n").Open("html", {{"lang", "en"}});
  html.Append(report::PageHead("Clips", ClipPageStyle())).Open("body").Open("header");
  html.Element("p", {{"class", "brand"}}, "tersor twin").Element("h1", {}, "Clips").Close();
  html.Open("main").Open("section", {{"aria-label", "The set"}}).Append(Facts(set)).Close();
  html.Open("section", {{"aria-label", "Clips"}});
  html.Open("p");
  html.Element("button", {{"id", "play"}, {"type", "button"}}, "Pause");
  html.Text(" ").Open("label").Text("Speed ");
  html.Leaf("input", {{"id", "speed"},
                      {"type", "range"},
                      {"min", "0.25"},
                      {"max", "3"},
                      {"step", "0.25"},
                      {"value", "1"}});
  html.Close().Close();
  html.Element("noscript", {}, "This page plays clips with JavaScript, which is switched off.");
  html.Append(Players(clips, columns)).Close();
  html.Open("section", {{"aria-label", "Origin"}}).Element("h2", {}, "Origin");
  html.Open("pre").Element("code", {}, set.origin.dump(1)).Close().Close().Close();
  html.Open("script").Trusted("'use strict';\n");
  html.Trusted(fmt::format("const kFrames = {}, kFps = {};\n", set.shape.frames, set.fps));
  html.Trusted(ClipPageScript()).Close();
  return html.Close().Close().str();
}

void WriteClipSheet(const std::string& folder) {
  const io::ClipSet clips = io::ClipSet::Open(folder);
  const int64_t width = kSheetFrames * (clips.description().shape.width + kFrameGap) + kGap;
  const int64_t columns = std::clamp<int64_t>(kSheetWidth / width, 2, 8);
  io::WritePng(folder + "/contact-sheet.png", ContactSheet(clips, columns, kSheetFrames));
  WriteFileAtomically(folder + "/index.html", RenderClipPage(clips, columns));
}

}  // namespace tersor::twin
