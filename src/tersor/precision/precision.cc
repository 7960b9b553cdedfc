#include "tersor/precision/precision.h"

#include "tersor/precision/int8_training.h"
#include "tersor/precision/rounded_linear.h"

namespace tersor::precision {

Precision MakePrecision(const Int8Config& config, uint64_t seed) {
  config.Validate();
  Precision made;
  if (config.linear == "bf16") {
    made.plugs.precision = Bf16Storage();
  } else if (config.linear == "int8-token") {
    made.plugs.precision = Int8PerToken();
  } else if (config.linear != "fp32") {
    auto int8 = std::make_unique<Int8Training>(config, seed);
    made.plugs.precision = int8->Precision();
    if (config.head) {
      made.plugs.head_loss = int8->HeadLoss();
    }
    made.plugs.context.bits = static_cast<int>(config.context_bits);
    made.hook = std::move(int8);
  }
  return made;
}

}  // namespace tersor::precision
