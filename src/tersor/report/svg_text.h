// Text in SVG does not wrap and cannot be measured before it is drawn, so its width is estimated.
#ifndef TERSOR_REPORT_SVG_TEXT_H_
#define TERSOR_REPORT_SVG_TEXT_H_

#include <string>
#include <string_view>

namespace tersor::report {

/// About the width of `text` at the charts' font size, in units of the view box; on the wide side.
double TextWidth(std::string_view text);

/// `text`, cut and ended by "…" where it is wider than `width`.
std::string Shortened(std::string_view text, double width);

}  // namespace tersor::report

#endif  // TERSOR_REPORT_SVG_TEXT_H_
