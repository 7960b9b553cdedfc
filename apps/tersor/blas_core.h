// OpenBLAS's choice of kernels, put right.
#ifndef TERSOR_APPS_TERSOR_BLAS_CORE_H_
#define TERSOR_APPS_TERSOR_BLAS_CORE_H_

namespace tersor::cli {

/// OpenBLAS tells CPUs apart by model number and takes slow kernels for those newer than itself: a
/// fifth of the rate on an Emerald Rapids server (0.3.21 takes those of 2004), half of it on Zen 5.
/// Where this CPU has wider vectors than the kernels taken use, starts the program `argv` again with
/// OPENBLAS_CORETYPE set, which OpenBLAS reads while it is loaded. A user's own OPENBLAS_CORETYPE
/// stands. Does nothing where another BLAS is loaded.
void RestartWithFastBlas(char** argv);

}  // namespace tersor::cli

#endif  // TERSOR_APPS_TERSOR_BLAS_CORE_H_
