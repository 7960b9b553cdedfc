// Errors that a user can cause. Each carries one line: what is wrong, which file or field, what to
// do. The command prints it and exits with `exit_code()`.
#ifndef TERSOR_UTIL_ERROR_H_
#define TERSOR_UTIL_ERROR_H_

#include <sstream>
#include <stdexcept>
#include <string>

namespace tersor {

/// A failure that the caller can act on; the command exits with 1.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message) : std::runtime_error(message) {}
  virtual int exit_code() const { return 1; }
};

/// Wrong usage: an unknown option, key or combination; the command exits with 2.
class UsageError : public Error {
 public:
  explicit UsageError(const std::string& message) : Error(message) {}
  int exit_code() const override { return 2; }
};

/// Raised when the user asked to stop (Ctrl-C); what is done has been kept. Exit code 130.
class Interrupted : public Error {
 public:
  explicit Interrupted(const std::string& message) : Error(message) {}
  int exit_code() const override { return 130; }
};

namespace internal {

template <typename... Parts>
std::string Concat(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

}  // namespace internal

/// Throws `Error` with all arguments written one after another.
template <typename... Parts>
[[noreturn]] void Fail(const Parts&... parts) {
  throw Error(internal::Concat(parts...));
}

/// Throws `UsageError` with all arguments written one after another.
template <typename... Parts>
[[noreturn]] void FailUsage(const Parts&... parts) {
  throw UsageError(internal::Concat(parts...));
}

}  // namespace tersor

/// TERSOR_CHECK(offset <= size, path, ": tensor ", name, " ends past the file"); throws
/// tersor::Error. For input, never for our own bugs (those are `assert`).
#define TERSOR_CHECK(condition, ...) \
  do {                               \
    if (!(condition)) {              \
      ::tersor::Fail(__VA_ARGS__);   \
    }                                \
  } while (false)

#endif  // TERSOR_UTIL_ERROR_H_
