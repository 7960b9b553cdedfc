// `tersor`: runs the torch-free verbs and hands the others to `tersor-torch` beside it, so that
// help, reports and errors come in milliseconds.
#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "cli.h"
#include "tersor/util/config.h"
#include "tersor/util/error.h"
#include "tersor/util/record.h"
#include "verb_table.h"
#include "verbs.h"

namespace tersor::cli {
namespace {

void PrintHelp() {
  fmt::print("tersor {}: generative transformers made cheap on ordinary CPUs\n\n", Version());
  fmt::print("Usage: tersor VERB [input] [options]\n\nVerbs:\n");
  for (const Verb& verb : kVerbs) {
    fmt::print("  {:<10} {}\n", verb.name, verb.summary);
  }
  fmt::print("\n`tersor VERB --help` lists the options of a verb with an example.\n");
}

int ExecTorch(int argc, char** argv) {
  const std::string path =
      (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "tersor-torch").string();
  std::vector<char*> arguments(argv, argv + argc);
  arguments.push_back(nullptr);
  ::execv(path.c_str(), arguments.data());
  Fail(path, ": cannot be started: ", std::strerror(errno), "; build it with `make build`");
}

int Main(int argc, char** argv) {
  const std::string verb = argc > 1 ? argv[1] : "";
  if (verb.empty() || verb == "--help" || verb == "-h" || verb == "help") {
    PrintHelp();
    return verb.empty() ? 2 : 0;
  }
  if (verb == "--version") {
    fmt::print("tersor {}\n", Version());
    return 0;
  }
  for (const Verb& known : kVerbs) {
    if (verb == known.name && known.needs_torch) {
      return ExecTorch(argc, argv);
    }
  }
  if (verb == "generate") {
    return RunGenerate(argc - 1, argv + 1);
  }
  if (verb == "serve") {
    return RunServe(argc - 1, argv + 1);
  }
  if (verb == "export") {
    return RunExport(argc - 1, argv + 1);
  }
  if (verb == "report") {
    return RunReport(argc - 1, argv + 1);
  }
  if (verb == "twin") {
    return RunTwin(argc - 1, argv + 1);
  }
  if (verb == "reproduce") {
    return RunReproduce(argc - 1, argv + 1);
  }
  std::vector<std::string> names;
  for (const Verb& known : kVerbs) {
    names.emplace_back(known.name);
  }
  const std::string nearest = NearestName(verb, names);
  FailUsage("unknown verb ", verb,
            nearest.empty() ? "; `tersor --help` lists them" : "; did you mean " + nearest + "?");
}

}  // namespace
}  // namespace tersor::cli

int main(int argc, char** argv) { return tersor::cli::Run(tersor::cli::Main, argc, argv); }
