// The scripts and the style sheets of the animation and of the page of clips, from web/ (embedded by cmake/Embed.cmake).
#ifndef TERSOR_TWIN_VIEWER_ASSETS_H_
#define TERSOR_TWIN_VIEWER_ASSETS_H_

#include <string_view>

namespace tersor::twin {

std::string_view ViewerScript();
std::string_view ViewerStyle();
std::string_view ClipPageScript();
std::string_view ClipPageStyle();

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_VIEWER_ASSETS_H_
