// Shared libraries of ours that are loaded when first needed.
#ifndef TERSOR_UTIL_MODULE_PATH_H_
#define TERSOR_UTIL_MODULE_PATH_H_

#include <string>

namespace tersor {

/// `library`, such as "libtersor_sumo.so", in lib/ beside the program's bin/, or by its name alone
/// for the dynamic loader to find.
std::string ModulePath(const std::string& library);

}  // namespace tersor

#endif  // TERSOR_UTIL_MODULE_PATH_H_
