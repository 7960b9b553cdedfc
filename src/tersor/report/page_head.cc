#include "tersor/report/page_head.h"

#include "tersor/report/page_assets.h"

namespace tersor::report {
namespace {

constexpr const char* kPolicy =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";

}  // namespace

Html PageHead(const std::string& title, std::string_view style) {
  Html html;
  html.Open("head").Leaf("meta", {{"charset", "utf-8"}});
  html.Leaf("meta", {{"http-equiv", "Content-Security-Policy"}, {"content", kPolicy}});
  html.Leaf("meta", {{"name", "viewport"}, {"content", "width=device-width, initial-scale=1"}});
  html.Leaf("meta", {{"name", "color-scheme"}, {"content", "light dark"}});
  html.Leaf("link", {{"rel", "icon"}, {"href", "data:,"}});
  html.Element("title", {}, title);
  html.Open("style").Trusted(PageStyle()).Trusted(style).Close();
  return html.Close();
}

}  // namespace tersor::report
