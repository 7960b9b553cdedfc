#include "engine_options.h"

namespace tersor::cli {

void AddEngineOptions(CommandLine& line, runtime::EngineOptions& options) {
  line.Option("--weights",
              "serve as f32, bf16, f16, int8, mxfp4, mxfp4-w4a4, sparse-f32, sparse-bf16 or "
              "sparse-int8 (default: as stored)",
              &options.weights)
      .Option("--attention",
              "dense; int8: prompts attend in INT8; sparge: blocks are skipped as attention.json "
              "beside the model says; or such a file",
              &options.attention)
      .Option("--cache", "keys and values as f32 or bf16", &options.cache)
      .Option("--context", "longest sequence in tokens (0: the model's)", &options.context);
}

}  // namespace tersor::cli
