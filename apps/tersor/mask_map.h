// Which blocks an attention head computes, as a picture of the report.
#ifndef TERSOR_APPS_TERSOR_MASK_MAP_H_
#define TERSOR_APPS_TERSOR_MASK_MAP_H_

#include <cstdint>
#include <string>

#include "tersor/kernel/attention_plan.h"
#include "tersor/nn/attention.h"
#include "tersor/util/json.h"

namespace tersor::cli {

/// An entry of Record::maps for one head of a plan of one sequence: full where a block is computed,
/// faint where it is skipped, nothing where it is not seen. The title says how much is skipped.
Json MaskMap(const std::string& title, const kernel::BlockPlan& plan, int64_t head,
             const nn::AttentionInput& input);

}  // namespace tersor::cli

#endif  // TERSOR_APPS_TERSOR_MASK_MAP_H_
