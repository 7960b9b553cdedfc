// Loops over independent tiles. One OpenMP pool carries our loops, libtorch's and OpenBLAS's.
#ifndef TERSOR_UTIL_PARALLEL_FOR_H_
#define TERSOR_UTIL_PARALLEL_FOR_H_

#include <cstdint>

namespace tersor {

/// Cores this process may run on (its affinity mask, so containers are respected); at least 1.
int AvailableCores();

/// Threads that ParallelFor uses. Default: AvailableCores(). `n` < 1 restores the default.
int NumThreads();
void SetNumThreads(int n);

namespace internal {

/// A loop body without its type: `call` runs `body` on a chunk. Holds nothing, so that starting a
/// loop allocates nothing.
struct LoopBody {
  const void* body;
  void (*call)(const void* body, int64_t first, int64_t last);
};
void ParallelFor(int64_t begin, int64_t end, int64_t grain, const LoopBody& body);

}  // namespace internal

/// Calls body(first, last) on disjoint chunks of [begin, end), each of at least `grain` items where
/// there are that many. Chunk borders depend on the sizes only when grain fixes them, so a body
/// must not depend on them. Nested calls run serially. An exception in a body is rethrown here.
template <typename Body>
void ParallelFor(int64_t begin, int64_t end, int64_t grain, const Body& body) {
  internal::ParallelFor(begin, end, grain,
                        {&body, [](const void* typed, int64_t first, int64_t last) {
                           (*static_cast<const Body*>(typed))(first, last);
                         }});
}

}  // namespace tersor

#endif  // TERSOR_UTIL_PARALLEL_FOR_H_
