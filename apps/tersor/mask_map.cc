#include "mask_map.h"

#include <ATen/ATen.h>
#include <fmt/core.h>

#include <algorithm>

#include "tersor/kernel/flash_attention.h"

namespace tersor::cli {

Json MaskMap(const std::string& title, const kernel::BlockPlan& plan, int64_t head,
             const nn::AttentionInput& in) {
  const int64_t queries = in.query.size(2), key_blocks = kernel::KeyBlocks(in.key.size(2));
  const int64_t query_blocks = (queries + kernel::kQueryBlock - 1) / kernel::kQueryBlock;
  const kernel::AttentionMask mask{in.causal, in.window, in.key.size(2)};
  Json rows = Json::array();
  int64_t computed = 0, visible = 0;
  for (int64_t i = 0; i < query_blocks; ++i) {
    std::string row(static_cast<size_t>(key_blocks), '.');
    const int64_t first = i * kernel::kQueryBlock;
    const kernel::BlockRange seen =
        kernel::SeenBlocks(mask, first, std::min(kernel::kQueryBlock, queries - first));
    std::fill(row.begin() + seen.first, row.begin() + seen.last, '0');
    visible += seen.last - seen.first;
    const auto at = static_cast<size_t>(head * query_blocks + i);
    for (int64_t k = plan.offsets[at]; k < plan.offsets[at + 1]; ++k) {
      row[static_cast<size_t>(plan.indices[static_cast<size_t>(k)])] = '9';
      ++computed;
    }
    rows.push_back(std::move(row));
  }
  const double skipped = 1 - static_cast<double>(computed) / static_cast<double>(visible);
  return {{"title", fmt::format("{}, {:.0f} % skipped", title, 100 * skipped)},
          {"x_label", "key blocks"},
          {"y_label", "query blocks"},
          {"cells", rows}};
}

}  // namespace tersor::cli
