// `tersor-torch`: the verbs that need libtorch. `tersor` starts it; users need not.
#include <string>

#include "blas_core.h"
#include "cli.h"
#include "tersor/util/error.h"
#include "verbs.h"

namespace tersor::cli {
namespace {

int Main(int argc, char** argv) {
  const std::string verb = argc > 1 ? argv[1] : "";
  if (verb == "train") {
    return RunTrain(argc - 1, argv + 1);
  }
  if (verb == "eval") {
    return RunEval(argc - 1, argv + 1);
  }
  if (verb == "prune") {
    return RunPrune(argc - 1, argv + 1);
  }
  if (verb == "attention") {
    return RunAttention(argc - 1, argv + 1);
  }
  if (verb == "bench") {
    return RunBench(argc - 1, argv + 1);
  }
  FailUsage("tersor-torch: unknown verb ", verb, "; run `tersor --help`");
}

}  // namespace
}  // namespace tersor::cli

int main(int argc, char** argv) {
  tersor::cli::RestartWithFastBlas(argv);
  return tersor::cli::Run(tersor::cli::Main, argc, argv);
}
