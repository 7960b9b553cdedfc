#include "torch_setup.h"

#include <ATen/Parallel.h>

#include "tersor/util/error.h"
#include "tersor/util/parallel_for.h"
#include "tersor/util/record.h"

namespace tersor::cli {

void SetUpTorch() {
  const std::string blas = LoadedBlas();
  TERSOR_CHECK(blas != "reference" && !blas.empty(),
               "libtorch runs on a BLAS without fast kernels, some 30 times slower; install one: "
               "apt-get install libopenblas0-openmp (`make setup` does)");
  at::set_num_threads(NumThreads());
}

}  // namespace tersor::cli
