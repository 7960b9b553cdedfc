// What every verb with libtorch does first.
#ifndef TERSOR_APPS_TERSOR_TORCH_SETUP_H_
#define TERSOR_APPS_TERSOR_TORCH_SETUP_H_

namespace tersor::cli {

/// Gives libtorch and BLAS the threads that NumThreads() says (libtorch alone would start with half
/// the cores) and refuses to run on a BLAS without its own kernels, some 30 times slower. Throws
/// Error that says what to install.
void SetUpTorch();

}  // namespace tersor::cli

#endif  // TERSOR_APPS_TERSOR_TORCH_SETUP_H_
