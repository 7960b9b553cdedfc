#include "tersor/precision/field_checks.h"

#include "tersor/util/error.h"

namespace tersor::precision {

void RequireOneOf(const std::string& value, const char* field,
                  std::initializer_list<const char*> names) {
  std::string list;
  for (const char* name : names) {
    if (value == name) {
      return;
    }
    if (*name != 0) {  // The default has no name.
      list += (list.empty() ? "" : ", ") + std::string(name);
    }
  }
  FailUsage("precision.", field, " must be one of ", list, "; not ", value);
}

void Require(bool ok, const char* field, const char* rule) {
  if (!ok) {
    FailUsage("precision.", field, " must be ", rule);
  }
}

}  // namespace tersor::precision
