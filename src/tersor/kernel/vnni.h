// vpdpbusd, which Highway 1.0 has no target for: functions that use it, and whether the processor
// can run them. Included by .cc files only.
#ifndef TERSOR_KERNEL_VNNI_H_
#define TERSOR_KERNEL_VNNI_H_

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>

// GCC 12 warns of its own header's _mm512_undefined_epi32.
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

#define TERSOR_VNNI_512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni")))
#define TERSOR_VNNI_256 __attribute__((target("avx2,fma,avxvnni")))

namespace tersor::kernel {

inline bool HasAvx512Vnni() {
  return __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw");
}

inline bool HasAvxVnni() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return __builtin_cpu_supports("avx2") && __get_cpuid_count(7, 1, &a, &b, &c, &d) &&
         (a & (1u << 4)) != 0;
}

}  // namespace tersor::kernel
#endif

#endif  // TERSOR_KERNEL_VNNI_H_
