// Attend() for many new tokens at once: blocks of flash attention over the cache.
#ifndef TERSOR_KERNEL_ATTEND_PREFILL_H_
#define TERSOR_KERNEL_ATTEND_PREFILL_H_

#include <cstdint>

#include "tersor/kernel/attend.h"
#include "tersor/kernel/flash_block.h"

namespace tersor::kernel {

/// Whether there are so many tokens that blocks of queries, though of one head each, are faster
/// than rows that share the keys of a key-value head; and so many rows that these would not be
/// split along the positions. Larger heads than blocks have room for are left to rows.
inline bool IsPrefill(const AttendInput& in) {
  return in.tokens >= 16 && in.tokens * (in.heads / in.kv_heads) > 32 && in.head_dim <= kMaxHeadDim;
}

/// Independent tasks of an input.
int64_t PrefillTasks(const AttendInput& in);

/// Rows times positions of a task, about.
int64_t PrefillWork(const AttendInput& in, int64_t task);

/// Floats of scratch memory that a task needs.
int64_t PrefillScratch(const AttendInput& in);

void RunPrefillTask(const AttendInput& in, int64_t task, float* scratch);

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_ATTEND_PREFILL_H_
