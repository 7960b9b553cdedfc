// What every verb that serves a model asks of the engine.
#ifndef TERSOR_APPS_TERSOR_ENGINE_OPTIONS_H_
#define TERSOR_APPS_TERSOR_ENGINE_OPTIONS_H_

#include "cli.h"
#include "tersor/runtime/engine.h"

namespace tersor::cli {

/// --weights, --attention, --cache and --context.
void AddEngineOptions(CommandLine& line, runtime::EngineOptions& options);

}  // namespace tersor::cli

#endif  // TERSOR_APPS_TERSOR_ENGINE_OPTIONS_H_
