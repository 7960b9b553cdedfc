// Prefetching of what the processor does not foresee.
#ifndef TERSOR_KERNEL_PREFETCH_H_
#define TERSOR_KERNEL_PREFETCH_H_

namespace tersor::kernel {

/// Asks for the cache line of `address`, which may lie anywhere, without keeping it in the larger
/// caches afterwards.
inline void PrefetchOnce(const void* address) {
  __builtin_prefetch(address, /*rw=*/0, /*locality=*/0);
}

/// Asks for the cache line of `address` to be written soon.
inline void PrefetchForWriting(const void* address) {
  __builtin_prefetch(address, /*rw=*/1, /*locality=*/3);
}

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_PREFETCH_H_
