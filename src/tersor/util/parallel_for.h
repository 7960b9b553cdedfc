// Loops over independent tiles. One OpenMP pool carries our loops, libtorch's and OpenBLAS's.
#ifndef TERSOR_UTIL_PARALLEL_FOR_H_
#define TERSOR_UTIL_PARALLEL_FOR_H_

#include <cstdint>
#include <functional>

namespace tersor {

/// Cores this process may run on (its affinity mask, so containers are respected); at least 1.
int AvailableCores();

/// Threads that ParallelFor uses. Default: AvailableCores(). `n` < 1 restores the default.
int NumThreads();
void SetNumThreads(int n);

/// Calls body(first, last) on disjoint chunks of [begin, end), each of at least `grain` items where
/// there are that many. Chunk borders depend on the sizes only when grain fixes them, so a body
/// must not depend on them. Nested calls run serially. An exception in a body is rethrown here.
void ParallelFor(int64_t begin, int64_t end, int64_t grain,
                 const std::function<void(int64_t, int64_t)>& body);

}  // namespace tersor

#endif  // TERSOR_UTIL_PARALLEL_FOR_H_
