// Prefetching of what is read only once.
#ifndef TERSOR_KERNEL_PREFETCH_H_
#define TERSOR_KERNEL_PREFETCH_H_

namespace tersor::kernel {

/// Asks for the cache line of `address`, which may lie anywhere, without keeping it in the larger
/// caches afterwards.
inline void PrefetchOnce(const void* address) {
  __builtin_prefetch(address, /*rw=*/0, /*locality=*/0);
}

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_PREFETCH_H_
