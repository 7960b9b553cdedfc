#include "attention_options.h"

#include <filesystem>

#include "tersor/io/attention_settings.h"
#include "tersor/io/model_config.h"
#include "tersor/util/error.h"
#include "tersor/util/log.h"

namespace tersor::cli {

void AddAttentionOption(attention::AttentionConfig& config, CommandLine& line) {
  line.Option("--attention",
              std::string("how the model attends: ") + attention::kAttentionNames +
                  "; the same as --attention.name",
              &config.name);
}

void ResolveAttention(const std::string& folder, attention::AttentionConfig& config) {
  config.Validate();
  if (config.name != "sparge" || config.settings == "none") {
    return;
  }
  std::string path = config.settings;
  if (path.empty() && std::filesystem::exists(folder + "/" + io::kAttentionSettingsFile)) {
    path = folder + "/" + io::kAttentionSettingsFile;
  }
  if (path.empty()) {
    return;
  }
  if (folder.empty()) {
    FailUsage("attention.settings ", path, " belongs to a model; a new one has no such file");
  }
  config.tuned = io::ReadAttentionSettings(path);
  io::CheckSettingsFit(*config.tuned, path, io::ReadModelConfig(folder), folder);
  log::Info("attention as tuned in {}", path);
}

}  // namespace tersor::cli
