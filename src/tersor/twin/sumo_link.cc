#include "tersor/twin/sumo_link.h"

#include <dlfcn.h>

#include <filesystem>
#include <system_error>

#include "tersor/util/error.h"

namespace tersor::twin {
namespace {

/// The module in lib/ beside the program's bin/, or by name for the dynamic loader to find.
std::string ModulePath(const std::string& library) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  const fs::path beside = program.parent_path().parent_path() / "lib" / library;
  return fs::exists(beside, error) ? beside.string() : library;
}

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
