// The style sheet and the script that every page carries inside itself.
#ifndef TERSOR_REPORT_PAGE_ASSETS_H_
#define TERSOR_REPORT_PAGE_ASSETS_H_

#include <string_view>

namespace tersor::report {

std::string_view PageStyle();

/// Shows the values under the pointer and unfolds the folded parts for print. The page reads the
/// same without it.
std::string_view PageScript();

}  // namespace tersor::report

#endif  // TERSOR_REPORT_PAGE_ASSETS_H_
