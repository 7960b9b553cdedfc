// Which of our kernels a benchmark row measures: AVX2's, or the machine's best.
#ifndef TERSOR_APPS_TERSOR_ISA_PATH_H_
#define TERSOR_APPS_TERSOR_ISA_PATH_H_

#include <hwy/targets.h>

#include <cstdint>
#include <string>
#include <vector>

namespace tersor::cli {

struct IsaPath {
  std::string suffix;  // of the row's name: "" for AVX2
  int64_t target;      // Highway's; 0: all
};

/// AVX2, and the fastest byte product of this machine where that is another one.
std::vector<IsaPath> IsaPaths();

/// Restricts our kernels to a path while it lives; the peer always has the whole machine.
class OnPath {
 public:
  explicit OnPath(const IsaPath& path) { hwy::SetSupportedTargetsForTest(path.target); }
  ~OnPath() { hwy::SetSupportedTargetsForTest(0); }
  OnPath(const OnPath&) = delete;
  OnPath& operator=(const OnPath&) = delete;
};

}  // namespace tersor::cli

#endif  // TERSOR_APPS_TERSOR_ISA_PATH_H_
