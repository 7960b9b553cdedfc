// How attention is computed, as a user says it.
#ifndef TERSOR_ATTENTION_ATTENTION_CONFIG_H_
#define TERSOR_ATTENTION_ATTENTION_CONFIG_H_

#include <cstdint>
#include <optional>
#include <string>

#include "tersor/io/attention_settings.h"
#include "tersor/kernel/block_summary.h"
#include "tersor/util/config.h"

namespace tersor::attention {

inline constexpr const char* kAttentionNames =
    "dense, sparge, top-share, cumulative, window, oracle";

struct AttentionConfig {
  std::string name = "dense";
  std::string settings;  // file of `tersor attention tune`, or none; "": the model's, if any

  // sparge: of every head, where no file says it by head. What its users report to work untuned.
  double tau = 0.97, theta = 0.5;
  double lambda = 0;                  // 0: no second filter
  std::string similarity = "cosine";  // of the released code, or gram: the paper's formula
  bool sum_dropped = false;           // the second filter as in the paper's Algorithm 1
  bool keep_first = false;            // the first key block, an attention sink
  bool int8 = false;                  // Q Kᵀ in INT8; what a file says of it comes before
  bool int8_values = true;            // with int8: P V too, where the processor has VNNI

  double share = 0.5;              // top-share: of all key blocks
  double gamma = 0.95;             // cumulative: probability that is reached; oracle: mass
  int64_t sinks = 1, recent = 16;  // window: key blocks

  /// What the file says of each head, once it is read; it comes before tau, theta and lambda.
  std::optional<io::AttentionSettings> tuned;

  kernel::Similarity similarity_kind() const {
    return similarity == "gram" ? kernel::Similarity::kGram : kernel::Similarity::kCosine;
  }

  /// `attention.*`.
  void AddFields(Schema& schema);
  /// Throws UsageError naming the field.
  void Validate() const;
};

}  // namespace tersor::attention

#endif  // TERSOR_ATTENTION_ATTENTION_CONFIG_H_
