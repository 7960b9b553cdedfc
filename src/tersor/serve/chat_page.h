// The page that `tersor serve` shows at /: a conversation with the model.
#ifndef TERSOR_SERVE_CHAT_PAGE_H_
#define TERSOR_SERVE_CHAT_PAGE_H_

#include <string>

namespace tersor::serve {

/// One HTML document that needs no other file and no other host.
std::string ChatPage();

}  // namespace tersor::serve

#endif  // TERSOR_SERVE_CHAT_PAGE_H_
