#include "tersor/attention/attention_config.h"

#include "tersor/util/config_check.h"
#include "tersor/util/error.h"

namespace tersor::attention {

void AttentionConfig::AddFields(Schema& schema) {
  const auto add = [&](const char* field, const char* help, ConfigField::Target target) {
    schema.Add(std::string("attention.") + field, help, target);
  };
  add("name", "how the model attends", &name);
  add("settings",
      "sparge: file that `tersor attention tune` wrote, or none (default: attention.json beside "
      "the model)",
      &settings);
  add("tau", "sparge: pooled probability that the chosen blocks stay within", &tau);
  add("theta", "sparge: blocks whose rows are no more alike are computed (-1: none)", &theta);
  add("lambda", "sparge: logarithm below which a block's weights are dropped (0: never)", &lambda);
  add("similarity", "sparge: cosine, or gram (the paper's formula)", &similarity);
  add("sum_dropped", "sparge: what lambda drops stays in the softmax's sum (the paper's algorithm)",
      &sum_dropped);
  add("keep_first",
      "always compute the first key block, an attention sink; all but dense and oracle",
      &keep_first);
  add("int8", "scores by INT8 products, all but dense", &int8);
  add("int8_values", "with int8: the values' products too, where the processor has VNNI",
      &int8_values);
  add("share", "top-share: of the key blocks", &share);
  add("gamma", "cumulative, oracle: probability that the chosen blocks reach", &gamma);
  add("sinks", "window: first key blocks", &sinks);
  add("recent", "window: last key blocks", &recent);
}

void AttentionConfig::Validate() const {
  CheckChoice("attention.name", name,
              {"dense", "sparge", "top-share", "cumulative", "window", "oracle"});
  CheckRange("attention.tau", tau, 0, 1);
  CheckRange("attention.theta", theta, -1, 1);
  CheckRange("attention.lambda", lambda, -1e6, 0);
  CheckRange("attention.share", share, 0, 1);
  CheckRange("attention.gamma", gamma, 0, 1);
  CheckRange("attention.sinks", static_cast<double>(sinks), 0, 1e9);
  CheckRange("attention.recent", static_cast<double>(recent), 1, 1e9);
  CheckChoice("attention.similarity", similarity, {"cosine", "gram"});
  if (!settings.empty() && name != "sparge") {
    FailUsage("attention.settings is for sparge, not for ", name);
  }
}

}  // namespace tersor::attention
