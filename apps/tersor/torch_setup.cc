#include "torch_setup.h"

#include <ATen/Parallel.h>
#include <malloc.h>

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
  // Keep freed memory: by default the C library hands every large tensor back to the system, which
  // clears its pages anew at the next allocation (a tenth of a training step's time). 32 MB is the
  // largest size that it lets its arenas serve.
  ::mallopt(M_MMAP_THRESHOLD, 32 << 20);
  ::mallopt(M_TRIM_THRESHOLD, 1 << 30);
  ::mallopt(M_TOP_PAD, 64 << 20);
}

}  // namespace tersor::cli
