// How a language model attends, as a verb's options say it.
#ifndef TERSOR_APPS_TERSOR_ATTENTION_OPTIONS_H_
#define TERSOR_APPS_TERSOR_ATTENTION_OPTIONS_H_

#include <string>

#include "cli.h"
#include "tersor/attention/attention_config.h"

namespace tersor::cli {

/// --attention, beside the fields of the config.
void AddAttentionOption(attention::AttentionConfig& config, CommandLine& line);

/// Validates and, for sparge, reads what `tersor attention tune` found for the model in `folder`:
/// the file config.settings, or attention.json beside the model where there is one; "none":
/// neither. `folder` is empty where a model begins with random weights. Throws UsageError and
/// Error.
void ResolveAttention(const std::string& folder, attention::AttentionConfig& config);

}  // namespace tersor::cli

#endif  // TERSOR_APPS_TERSOR_ATTENTION_OPTIONS_H_
