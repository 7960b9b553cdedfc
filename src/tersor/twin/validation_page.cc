#include "tersor/twin/validation_page.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "tersor/report/html.h"
#include "tersor/report/number_format.h"
#include "tersor/report/page_assets.h"
#include "tersor/report/page_head.h"
#include "tersor/report/table.h"
#include "tersor/util/file.h"

namespace tersor::twin {
namespace {

using report::FormatNumber;
using report::Html;

std::string Difference(const ValidationRow& row) {
  return row.expected == 0 ? FormatNumber(row.ours)
                           : fmt::format("{:+.1f} %", 100 * (row.ours / row.expected - 1));
}

report::Table TableOf(const ValidationSection& section) {
  report::Table table;
  table.caption = section.title;
  table.columns = {{"quantity", false, {}}, {"unit", false, {}},      {"ours", true, {}},
                   {"expected", true, {}},  {"difference", true, {}}, {"allowed", true, {}},
                   {"agrees", false, {}}};
  for (const ValidationRow& row : section.rows) {
    const std::vector<std::string> cells = {row.quantity,
                                            row.unit,
                                            FormatNumber(row.ours),
                                            FormatNumber(row.expected),
                                            Difference(row),
                                            FormatNumber(row.low) + " .. " + FormatNumber(row.high),
                                            row.Agrees() ? "yes" : "no"};
    for (size_t i = 0; i < cells.size(); ++i) {
      table.columns[i].cells.push_back(cells[i]);
    }
  }
  return table;
}

std::pair<int64_t, int64_t> Count(const std::vector<ValidationSection>& sections) {
  std::pair<int64_t, int64_t> out;  // agreeing, all
  for (const ValidationSection& section : sections) {
    for (const ValidationRow& row : section.rows) {
      out.first += row.Agrees() ? 1 : 0;
      ++out.second;
    }
  }
  return out;
}

}  // namespace

ValidationRow Near(std::string quantity, std::string unit, double ours, double expected,
                   double share) {
  const double play = share * std::abs(expected);
  return {std::move(quantity), std::move(unit), ours, expected, expected - play, expected + play};
}

ValidationRow InRange(std::string quantity, std::string unit, double ours, double low,
                      double high) {
  return {std::move(quantity), std::move(unit), ours, (low + high) / 2, low, high};
}

std::string RenderValidation(const std::vector<ValidationSection>& sections,
                             const std::string& command) {
  const auto [agreeing, all] = Count(sections);
  const std::string title = "Validation of the digital twin";
  Html html;
  html.Trusted("<!DOCTYPE html>\n").Open("html", {{"lang", "en"}});
  html.Append(report::PageHead(title, PictureStyle())).Open("body").Open("header");
  html.Element("p", {{"class", "brand"}}, "tersor twin").Element("h1", {}, title).Close();
  html.Open("main").Open("section", {{"aria-label", "Summary"}});
  html.Open("pre", {{"class", "command"}, {"tabindex", "0"}, {"aria-label", "Command"}});
  html.Element("code", {}, command).Close();
  html.Element("p", {},
               fmt::format("{} of {} quantities lie within what is allowed.", agreeing, all));
  html.Close();
  for (size_t i = 0; i < sections.size(); ++i) {
    const ValidationSection& section = sections[i];
    const std::string id = fmt::format("section-{}", i);
    html.Open("section", {{"aria-labelledby", id}}).Element("h2", {{"id", id}}, section.title);
    html.Element("p", {}, section.text);
    if (!section.rows.empty()) {
      html.Append(report::RenderTable(TableOf(section)));
    }
    for (const Picture& picture : section.pictures) {
      html.Append(Figure(picture));
    }
    html.Close();
  }
  html.Close().Open("script").Trusted(report::PageScript()).Close();
  return html.Close().Close().str();
}

Record WriteValidation(const std::vector<ValidationSection>& sections, const std::string& command,
                       const std::string& folder) {
  MakeFolders(folder);
  Record record;
  record.verb = "twin";
  record.config = {{"action", "validate"}, {"output", folder}};
  const auto [agreeing, all] = Count(sections);
  record.metrics = {{"quantities", all}, {"quantities_agreeing", agreeing}};
  std::vector<Picture> pictures;
  for (const ValidationSection& section : sections) {
    for (const ValidationRow& row : section.rows) {
      record.rows.push_back({{"section", section.title},
                             {"quantity", row.quantity},
                             {"unit", row.unit},
                             {"ours", row.ours},
                             {"expected", row.expected},
                             {"low", row.low},
                             {"high", row.high},
                             {"agrees", row.Agrees()}});
    }
    pictures.insert(pictures.end(), section.pictures.begin(), section.pictures.end());
  }
  WriteFileAtomically(folder + "/validation.html", RenderValidation(sections, command));
  WritePictures(pictures, folder + "/pictures");
  return record;
}

}  // namespace tersor::twin
