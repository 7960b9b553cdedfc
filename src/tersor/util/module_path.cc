#include "tersor/util/module_path.h"

#include <filesystem>
#include <system_error>

namespace tersor {

std::string ModulePath(const std::string& library) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  const fs::path beside = program.parent_path().parent_path() / "lib" / library;
  return fs::exists(beside, error) ? beside.string() : library;
}

}  // namespace tersor
