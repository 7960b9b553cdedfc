// Command lines of the verbs: options bound to variables, the options that every verb has, help
// with one example, and one-line errors that name the nearest known option.
#ifndef TERSOR_APPS_TERSOR_CLI_H_
#define TERSOR_APPS_TERSOR_CLI_H_

#include <cstdint>
#include <string>
#include <vector>

#include "tersor/util/config.h"

namespace tersor::cli {

/// What every verb takes.
struct CommonOptions {
  uint64_t seed = 0;
  int64_t threads = 0;  // 0: all cores
  std::string json;     // the result record goes here as well
};

class CommandLine {
 public:
  /// `example` is a whole command.
  CommandLine(std::string verb, std::string summary, std::string example);

  /// `names` as "-o,--output"; the variable keeps its value where the option is not given.
  CommandLine& Option(std::string names, std::string help, ConfigField::Target target,
                      bool required = false);

  /// Arguments without a dash, at least `min` of them.
  CommandLine& Positionals(std::string name, std::string help, std::vector<std::string>* target,
                           int min);

  /// Every field of the schema as `--section.field VALUE`, and `--recipe FILE` which is read first.
  CommandLine& Fields(Schema* schema);

  /// Reads argv[first...]. False when help was asked for and printed. Throws UsageError.
  bool Parse(int argc, char** argv);

  const CommonOptions& common() const { return common_; }
  const std::string& recipe() const { return recipe_; }

 private:
  struct Binding {
    std::string names, help;
    ConfigField::Target target;
    bool required;
  };
  std::string verb_, summary_, example_;
  std::vector<Binding> bindings_;
  std::string positional_name_, positional_help_;
  std::vector<std::string>* positionals_ = nullptr;
  int min_positionals_ = 0;
  Schema* schema_ = nullptr;
  CommonOptions common_;
  std::string recipe_;
};

/// Runs `body`, prints a failure as one line on stderr and returns the process's exit code.
int Run(int (*body)(int argc, char** argv), int argc, char** argv);

}  // namespace tersor::cli

#endif  // TERSOR_APPS_TERSOR_CLI_H_
