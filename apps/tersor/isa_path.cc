#include "isa_path.h"

#include "tersor/kernel/int8_kernel.h"

namespace tersor::cli {

std::vector<IsaPath> IsaPaths() {
  const std::string best(kernel::BestInt8Kernel().name);
  hwy::SetSupportedTargetsForTest(HWY_AVX2);
  const std::string plain(kernel::BestInt8Kernel().name);
  hwy::SetSupportedTargetsForTest(0);
  std::vector<IsaPath> paths = {{"", best == plain ? 0 : HWY_AVX2}};
  if (best != plain) {
    paths.push_back({"_" + best, 0});
  }
  return paths;
}

}  // namespace tersor::cli
