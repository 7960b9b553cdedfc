#include "blas_core.h"

#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace tersor::cli {
namespace {

constexpr std::string_view kAvx512Cores[] = {"SkylakeX", "Cooperlake", "SapphireRapids"};
constexpr std::string_view kAvx2Cores[] = {"Haswell", "Zen"};

/// The core whose kernels suit this CPU better than those of `core`; null where there is none.
const char* FasterCore(std::string_view core) {
#if defined(__x86_64__)
  if (std::ranges::find(kAvx512Cores, core) != std::end(kAvx512Cores)) {
    return nullptr;
  }
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
    return "SkylakeX";
  }
  const bool knows_avx2 = std::ranges::find(kAvx2Cores, core) != std::end(kAvx2Cores);
  if (!knows_avx2 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    return "Haswell";
  }
#endif
  return nullptr;
}

}  // namespace

void RestartWithFastBlas(char** argv) {
  auto* name = reinterpret_cast<char* (*)()>(::dlsym(RTLD_DEFAULT, "openblas_get_corename"));
  if (name == nullptr || std::getenv("OPENBLAS_CORETYPE") != nullptr) {
    return;
  }
  if (const char* faster = FasterCore(name()); faster != nullptr) {
    ::setenv("OPENBLAS_CORETYPE", faster, /*overwrite=*/1);
    ::execv("/proc/self/exe", argv);  // where that fails, slow kernels still give right results
  }
}

}  // namespace tersor::cli
