// Checks of configured values, in the words that users know from every field.
#ifndef TERSOR_UTIL_CONFIG_CHECK_H_
#define TERSOR_UTIL_CONFIG_CHECK_H_

#include <algorithm>
#include <string>
#include <vector>

#include "tersor/util/error.h"

namespace tersor {

/// Throws UsageError naming the field where the value is not in [low, high].
inline void CheckRange(const std::string& field, double value, double low, double high) {
  if (!(value >= low && value <= high)) {
    FailUsage(field, " is ", value, "; it must be in ", low, " .. ", high);
  }
}

/// Throws UsageError naming the field where the value is none of the choices.
inline void CheckChoice(const std::string& field, const std::string& value,
                        const std::vector<std::string>& choices) {
  if (std::find(choices.begin(), choices.end(), value) == choices.end()) {
    std::string list;
    for (const std::string& choice : choices) {
      list += (list.empty() ? "" : ", ") + choice;
    }
    FailUsage(field, " ", value, " is not known; there are: ", list);
  }
}

}  // namespace tersor

#endif  // TERSOR_UTIL_CONFIG_CHECK_H_
