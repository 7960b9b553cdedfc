// The head of every page: character set, content security policy, title and style sheet.
#ifndef TERSOR_REPORT_PAGE_HEAD_H_
#define TERSOR_REPORT_PAGE_HEAD_H_

#include <string>
#include <string_view>

#include "tersor/report/html.h"

namespace tersor::report {

/// The policy forbids the page to load anything. `style` is a style sheet of ours that follows
/// PageStyle().
Html PageHead(const std::string& title, std::string_view style = "");

}  // namespace tersor::report

#endif  // TERSOR_REPORT_PAGE_HEAD_H_
