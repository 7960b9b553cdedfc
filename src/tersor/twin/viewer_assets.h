// The script and the style sheet of the animation, from web/ (embedded by cmake/Embed.cmake).
#ifndef TERSOR_TWIN_VIEWER_ASSETS_H_
#define TERSOR_TWIN_VIEWER_ASSETS_H_

#include <string_view>

namespace tersor::twin {

std::string_view ViewerScript();
std::string_view ViewerStyle();

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_VIEWER_ASSETS_H_
