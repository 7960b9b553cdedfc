// Text from input, made fit for a message of one line.
#ifndef TERSOR_UTIL_QUOTED_H_
#define TERSOR_UTIL_QUOTED_H_

#include <string>
#include <string_view>

namespace tersor {

/// `text` in single quotes, shortened to one line, for messages.
std::string Quoted(std::string_view text);

}  // namespace tersor

#endif  // TERSOR_UTIL_QUOTED_H_
