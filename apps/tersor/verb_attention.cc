// `tersor attention`: how sparse attention may be, and how its rules compare.
#include <fmt/core.h>

#include <string>

#include "attention_actions.h"
#include "tersor/util/error.h"
#include "verbs.h"

namespace tersor::cli {

int RunAttention(int argc, char** argv) {
  const std::string action = argc > 1 ? argv[1] : "";
  if (action == "tune") {
    return RunAttentionTune(argc - 1, argv + 1);
  }
  if (action == "compare") {
    return RunAttentionCompare(argc - 1, argv + 1);
  }
  if (action == "fields") {
    return RunAttentionFields(argc - 1, argv + 1);
  }
  if (action == "-h" || action == "--help") {
    fmt::print(
        "tersor attention ACTION [OPTIONS]\n\n"
        "  tune     find how sparse each head of a model may attend within a bound of its error\n"
        "  compare  measure rules of what to skip on a model, at the same sparsity\n"
        "  fields   measure orders of a video's tokens on smooth random fields\n\n"
        "`tersor attention ACTION --help` lists the options.\n");
    return 0;
  }
  FailUsage("tersor attention: the first argument must be: tune, compare or fields");
}

}  // namespace tersor::cli
