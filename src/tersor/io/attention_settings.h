// attention.json beside a model: how sparse each head's attention may be, as `tersor attention
// tune` found.
#ifndef TERSOR_IO_ATTENTION_SETTINGS_H_
#define TERSOR_IO_ATTENTION_SETTINGS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tersor/io/model_config.h"

namespace tersor::io {

/// SpargeAttn's hyper-parameters of one head (kernel/attention_plan.h, kernel/flash_attention.h).
struct HeadSettings {
  double tau = 1;     // 1: all blocks
  double theta = 1;   // 1: no block is judged by its mean
  double lambda = 0;  // below 0: the second filter; 0: off

  bool dense() const { return tau >= 1 && lambda == 0; }
  bool operator==(const HeadSettings&) const = default;
};

struct AttentionSettings {
  std::string model;  // ModelFingerprint() of the model that was tuned
  std::string similarity = "cosine";
  bool int8 = false;
  bool int8_values = false;                       // files from before this field: false
  double l1 = 0, l2 = 0;                          // bounds of the error that were asked for
  std::vector<std::vector<HeadSettings>> layers;  // [layers][query heads]
};

inline constexpr const char* kAttentionSettingsFile = "attention.json";

/// Throws Error naming `source`, the file, and the field.
AttentionSettings ParseAttentionSettings(std::string_view text, const std::string& source);
AttentionSettings ReadAttentionSettings(const std::string& path);
void WriteAttentionSettings(const std::string& path, const AttentionSettings& settings);

/// Throws Error naming `path` where the settings are of another model than that in `folder`.
void CheckSettingsFit(const AttentionSettings& settings, const std::string& path,
                      const ModelConfig& config, const std::string& folder);

/// Tells models apart: names, types and shapes of all tensors and the beginning of each.
std::string ModelFingerprint(const std::string& folder);

}  // namespace tersor::io

#endif  // TERSOR_IO_ATTENTION_SETTINGS_H_
