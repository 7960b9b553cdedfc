// A configured precision, ready to be plugged into a model and a training loop.
#ifndef TERSOR_PRECISION_PRECISION_H_
#define TERSOR_PRECISION_PRECISION_H_

#include <memory>

#include "tersor/model/language_model.h"
#include "tersor/precision/int8_config.h"
#include "tersor/train/hook.h"

namespace tersor::precision {

struct Precision {
  std::unique_ptr<train::Hook> hook;  // null: nothing to do around a step; outlives the model
  model::Plugs plugs;
};

/// Validates `config`. `seed`: of stochastic rounding; must differ between ranks.
Precision MakePrecision(const Int8Config& config, uint64_t seed);

}  // namespace tersor::precision

#endif  // TERSOR_PRECISION_PRECISION_H_
