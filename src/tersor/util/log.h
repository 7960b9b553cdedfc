// One line to the user, on stderr; stdout belongs to results. Warnings and errors are marked.
#ifndef TERSOR_UTIL_LOG_H_
#define TERSOR_UTIL_LOG_H_

#include <fmt/core.h>

#include <string_view>
#include <utility>

namespace tersor::log {

enum class Level { kDebug, kInfo, kWarning, kError, kOff };

/// Lines below this level are dropped. Default: kInfo.
void SetLevel(Level level);

void Write(Level level, std::string_view line);

template <typename... Args>
void Info(fmt::format_string<Args...> format, Args&&... args) {
  Write(Level::kInfo, fmt::format(format, std::forward<Args>(args)...));
}

template <typename... Args>
void Warn(fmt::format_string<Args...> format, Args&&... args) {
  Write(Level::kWarning, fmt::format(format, std::forward<Args>(args)...));
}

template <typename... Args>
void Debug(fmt::format_string<Args...> format, Args&&... args) {
  Write(Level::kDebug, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace tersor::log

#endif  // TERSOR_UTIL_LOG_H_
