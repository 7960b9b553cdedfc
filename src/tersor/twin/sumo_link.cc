#include "tersor/twin/sumo_link.h"

#include <dlfcn.h>

#include "tersor/util/error.h"
#include "tersor/util/module_path.h"

namespace tersor::twin {
namespace {

SumoEntry LoadModule(const std::string& library) {
  void* module = ::dlopen(ModulePath(library).c_str(), RTLD_NOW | RTLD_LOCAL);
  TERSOR_CHECK(module != nullptr, library, " cannot be loaded: ", ::dlerror(),
               "; is SUMO installed (apt-get install sumo), and was tersor built with it?");
  const auto entry = reinterpret_cast<SumoEntry>(::dlsym(module, kSumoEntry));
  TERSOR_CHECK(entry != nullptr, library, " is not tersor's; build or install tersor again");
  return entry;
}

}  // namespace

std::unique_ptr<Traffic> StartSumo(const SumoOptions& options, const Network& network) {
  return LoadModule(options.remote.empty() ? "libtersor_sumo.so" : "libtersor_traci.so")(options,
                                                                                         network);
}

}  // namespace tersor::twin
