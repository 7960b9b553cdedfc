#include "tersor/util/parallel_for.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <thread>

#ifdef _OPENMP
#include <omp.h>
#endif

namespace tersor {
namespace {

std::atomic<int> requested_threads{0};

}  // namespace

int AvailableCores() {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  if (::sched_getaffinity(0, sizeof(mask), &mask) == 0) {
    return std::max(1, CPU_COUNT(&mask));
  }
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

int NumThreads() {
  const int requested = requested_threads.load(std::memory_order_relaxed);
  static const int available = AvailableCores();
  return requested > 0 ? requested : available;
}

void SetNumThreads(int n) { requested_threads.store(std::max(0, n), std::memory_order_relaxed); }

void internal::ParallelFor(int64_t begin, int64_t end, int64_t grain, const LoopBody& body) {
  const int64_t count = end - begin;
  if (count <= 0) {
    return;
  }
  const int64_t chunks =
      std::min<int64_t>(NumThreads(), std::max<int64_t>(1, count / std::max<int64_t>(1, grain)));
#ifdef _OPENMP
  if (chunks > 1 && !omp_in_parallel()) {
    std::exception_ptr failure;
#pragma omp parallel for num_threads(static_cast <int>(chunks)) schedule(static, 1)
    for (int64_t c = 0; c < chunks; ++c) {
      try {
        body.call(body.body, begin + count * c / chunks, begin + count * (c + 1) / chunks);
      } catch (...) {
#pragma omp critical(tersor_parallel_for)
        failure = std::current_exception();
      }
    }
    if (failure) {
      std::rethrow_exception(failure);
    }
    return;
  }
#endif
  body.call(body.body, begin, end);
}

}  // namespace tersor
