#include "tersor/util/record.h"

#include <dlfcn.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

#include "tersor/util/file.h"
#include "tersor/util/parallel_for.h"

namespace tersor {
namespace {

std::string CpuName() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (line.rfind("model name", 0) == 0) {
      return line.substr(line.find(':') + 2);
    }
  }
  return "unknown";
}

/// The widest vector instructions that our kernels know how to use here.
std::string InstructionSet() {
#if defined(__x86_64__)
  std::string isa = "sse2";
  if (__builtin_cpu_supports("avx2")) {
    isa = "avx2";
  }
  if (__builtin_cpu_supports("avx512bw")) {
    isa = "avx512";
  }
  if (__builtin_cpu_supports("avx512vnni")) {
    isa += "+vnni";
  }
  return isa;
#elif defined(__aarch64__)
  return "neon";
#else
  return "scalar";
#endif
}

}  // namespace

std::string LoadedBlas() {
  using ConfigFunction = char* (*)();
  if (auto* config =
          reinterpret_cast<ConfigFunction>(::dlsym(RTLD_DEFAULT, "openblas_get_config"))) {
    // "OpenBLAS 0.3.21 NO_AFFINITY USE_OPENMP ...": the first two words, then the kernel's name.
    std::istringstream words(config());
    std::string name, version;
    words >> name >> version;
    auto* core = reinterpret_cast<ConfigFunction>(::dlsym(RTLD_DEFAULT, "openblas_get_corename"));
    return name + " " + version + (core != nullptr ? std::string(" ") + core() : "");
  }
  for (const auto& [symbol, name] :
       {std::pair{"MKL_Get_Version_String", "MKL"}, std::pair{"bli_info_get_version_str", "BLIS"},
        std::pair{"ATL_buildinfo", "ATLAS"}}) {
    if (::dlsym(RTLD_DEFAULT, symbol) != nullptr) {
      return name;
    }
  }
  return ::dlsym(RTLD_DEFAULT, "sgemm_") != nullptr ? "reference" : "";
}

Json DescribeMachine() {
  const double bytes = static_cast<double>(::sysconf(_SC_PHYS_PAGES)) *
                       static_cast<double>(::sysconf(_SC_PAGE_SIZE));
  return {{"cpu", CpuName()},
          {"isa", InstructionSet()},
          {"cores", AvailableCores()},
          {"threads", NumThreads()},
          {"memory_gb", static_cast<int64_t>(bytes / 1e9 + 0.5)},
          {"blas", LoadedBlas()}};
}

Json Record::ToJson() const {
  Json json = {{"tersor", Version()}, {"verb", verb},
               {"config", config},    {"machine", DescribeMachine()},
               {"seed", seed},        {"metrics", metrics},
               {"rows", rows},        {"seconds", seconds}};
  if (!series.empty()) {
    json["series"] = series;
  }
  if (!maps.empty()) {
    json["maps"] = maps;
  }
  return json;
}

void WriteRecord(const std::string& path, const Record& record) {
  WriteFileAtomically(path, record.ToJson().dump(1) + "\n");
}

const char* Version() { return TERSOR_VERSION; }

}  // namespace tersor
