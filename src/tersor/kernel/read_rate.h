// Reads memory as fast as the machine allows: the peer of kernels that memory bounds.
#ifndef TERSOR_KERNEL_READ_RATE_H_
#define TERSOR_KERNEL_READ_RATE_H_

#include <cstddef>
#include <cstdint>
#include <span>

namespace tersor::kernel {

/// Reads all of `bytes` (a multiple of 64 KB) once with all threads, each walking its share in
/// `streams` places at a time (1, 2 or 4) with prefetch. Returns a checksum, so that the reads
/// happen.
uint64_t ReadAll(std::span<const std::byte> bytes, int64_t streams);

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_READ_RATE_H_
