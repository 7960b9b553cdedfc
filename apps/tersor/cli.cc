#include "cli.h"

#include <fmt/core.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <deque>
#include <exception>
#include <new>
#include <utility>

#include "tersor/util/error.h"
#include "tersor/util/log.h"
#include "tersor/util/parallel_for.h"

namespace tersor::cli {
namespace {

/// The option's first long name without dashes: how errors and the schema call it.
std::string KeyOf(const std::string& names) {
  const size_t at = names.find("--");
  return names.substr(at == std::string::npos ? 0 : at + 2);
}

[[noreturn]] void FailUnknown(const std::string& verb, const std::string& argument,
                              const std::vector<std::string>& known) {
  const std::string nearest = NearestName(argument, known);
  FailUsage("tersor ", verb, ": unknown argument ", argument,
            nearest.empty() ? "; --help lists all" : "; did you mean " + nearest + "?");
}

/// What an option was given: of a list all that was said, otherwise the last.
std::string Given(const CLI::Option& option, const ConfigField::Target& target) {
  const std::vector<std::string> results = option.results();
  if (!std::holds_alternative<std::vector<std::string>*>(target)) {
    return results.back();
  }
  std::string list;
  for (const std::string& one : results) {
    list += (list.empty() ? "" : ",") + one;
  }
  return list;
}

}  // namespace

CommandLine::CommandLine(std::string verb, std::string summary, std::string example)
    : verb_(std::move(verb)), summary_(std::move(summary)), example_(std::move(example)) {
  Option("--seed", "seed of all random numbers", &common_.seed);
  Option("--threads", "threads (0: all cores)", &common_.threads);
  Option("--json", "write the result record here", &common_.json);
}

CommandLine& CommandLine::Option(std::string names, std::string help, ConfigField::Target target,
                                 bool required) {
  bindings_.push_back({std::move(names), std::move(help), target, required});
  return *this;
}

CommandLine& CommandLine::Positionals(std::string name, std::string help,
                                      std::vector<std::string>* target, int min) {
  positional_name_ = std::move(name);
  positional_help_ = std::move(help);
  positionals_ = target;
  min_positionals_ = min;
  return *this;
}

CommandLine& CommandLine::Fields(Schema* schema) {
  schema_ = schema;
  return Option("--recipe", "YAML file of the fields below, read before them", &recipe_);
}

bool CommandLine::Parse(int argc, char** argv) {
  CLI::App app(summary_ + "\nExample: " + example_, "tersor " + verb_);
  app.allow_extras();
  std::deque<std::vector<std::string>> texts;  // what was given, by binding, then by field
  std::vector<std::pair<CLI::Option*, const Binding*>> options;
  std::vector<std::string> known;
  for (const Binding& binding : bindings_) {
    std::vector<std::string>& given = texts.emplace_back();
    if (std::holds_alternative<bool*>(binding.target)) {
      options.emplace_back(app.add_flag(binding.names, binding.help), &binding);
    } else {
      options.emplace_back(app.add_option(binding.names, given, binding.help)
                               ->allow_extra_args(false)
                               ->type_name("VALUE"),
                           &binding);
    }
    known.push_back("--" + KeyOf(binding.names));
  }
  std::vector<std::pair<CLI::Option*, const ConfigField*>> fields;
  if (schema_ != nullptr) {
    for (const ConfigField& field : schema_->fields()) {
      std::vector<std::string>& given = texts.emplace_back();
      const std::string dashed = "--" + field.key;
      fields.emplace_back(app.add_option(dashed, given, field.help)
                              ->allow_extra_args(false)
                              ->type_name("VALUE")
                              ->group("Recipe fields"),
                          &field);
      known.push_back(dashed);
    }
  }
  if (positionals_ != nullptr) {
    app.add_option(positional_name_, *positionals_, positional_help_)->group("Arguments");
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    fmt::print("{}", app.help());
    return false;
  } catch (const CLI::ParseError& e) {
    FailUsage("tersor ", verb_, ": ", e.what());
  }
  if (!app.remaining().empty()) {
    FailUnknown(verb_, app.remaining().front(), known);
  }
  // One converter for recipes and command lines alike: the schema's.
  Schema own;
  for (const Binding& binding : bindings_) {
    own.Add(KeyOf(binding.names), binding.help, binding.target);
  }
  for (const auto& [option, binding] : options) {
    if (option->count() == 0) {
      if (binding->required) {
        FailUsage("tersor ", verb_, ": --", KeyOf(binding->names), " is needed: ", binding->help);
      }
      continue;
    }
    const std::string key = KeyOf(binding->names);
    own.Set(
        key,
        std::holds_alternative<bool*>(binding->target) ? "true" : Given(*option, binding->target),
        "--" + key);
  }
  if (positionals_ != nullptr && static_cast<int>(positionals_->size()) < min_positionals_) {
    FailUsage("tersor ", verb_, ": ", positional_name_, " is needed: ", positional_help_);
  }
  if (!recipe_.empty()) {
    schema_->LoadYamlFile(recipe_);
  }
  for (const auto& [option, field] : fields) {
    if (option->count() > 0) {
      schema_->Set(field->key, Given(*option, field->target), "--" + field->key);
    }
  }
  if (common_.threads < 0) {
    FailUsage("tersor ", verb_, ": --threads must be 0 or more");
  }
  SetNumThreads(static_cast<int>(common_.threads));
  return true;
}

int Run(int (*body)(int, char**), int argc, char** argv) {
  try {
    return body(argc, argv);
  } catch (const Error& e) {
    log::Write(log::Level::kError, e.what());
    return e.exit_code();
  } catch (const std::bad_alloc&) {
    log::Write(log::Level::kError, "out of memory; use a smaller batch, window or model");
    return 1;
  } catch (const std::exception& e) {
    // A library's message may go on for a page; its first line says what.
    const std::string what = e.what();
    log::Write(log::Level::kError, what.substr(0, what.find('\n')));
    return 1;
  }
}

}  // namespace tersor::cli
