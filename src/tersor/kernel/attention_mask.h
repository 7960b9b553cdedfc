// Which keys a query sees by position.
#ifndef TERSOR_KERNEL_ATTENTION_MASK_H_
#define TERSOR_KERNEL_ATTENTION_MASK_H_

#include <algorithm>
#include <cstdint>

namespace tersor::kernel {

/// Positions [begin, end).
struct KeyRange {
  int64_t begin, end;
};

struct AttentionMask {
  bool causal = false;
  int64_t window = 0;  // 0: no window
  int64_t keys = 0;

  /// Keys that a query at `position` sees: causal ones up to its own position and, with a window,
  /// only the last `window` of them; others all, or those nearer than `window` on both sides. Both
  /// borders rise with the position. Empty where begin >= end.
  KeyRange Seen(int64_t position) const {
    const int64_t end = causal ? position + 1 : window > 0 ? position + window : keys;
    return {window > 0 ? std::max<int64_t>(0, position + 1 - window) : 0, std::min(end, keys)};
  }

  /// Of the queries at positions [begin, end), those that see any of the keys [key, key + count).
  KeyRange Seeing(int64_t key, int64_t count, int64_t begin, int64_t end) const {
    const int64_t first = causal ? key : window > 0 ? key - window + 1 : begin;
    const int64_t last = window > 0 ? key + count - 1 + window : end;
    return {std::clamp(first, begin, end), std::clamp(last, begin, end)};
  }

  /// What any of the queries at [position, position + count) sees.
  KeyRange SeenByAny(int64_t position, int64_t count) const {
    return {Seen(position).begin, Seen(position + count - 1).end};
  }
};

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_ATTENTION_MASK_H_
