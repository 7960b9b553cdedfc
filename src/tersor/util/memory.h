// Memory of this process, as the system counts it.
#ifndef TERSOR_UTIL_MEMORY_H_
#define TERSOR_UTIL_MEMORY_H_

#include <cstdint>

namespace tersor {

/// Largest resident size so far, or since the last ResetPeakMemory, in bytes; 0 where unknown.
int64_t PeakMemory();

/// Starts a new peak at the current size, where the system allows it.
void ResetPeakMemory();

/// Bytes that this process can still take without swapping, a container's limit respected; 0 where
/// unknown. Cached files count as free.
int64_t AvailableMemory();

}  // namespace tersor

#endif  // TERSOR_UTIL_MEMORY_H_
