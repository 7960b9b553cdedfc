// Tasks of uneven length over the threads.
#ifndef TERSOR_KERNEL_LONGEST_FIRST_H_
#define TERSOR_KERNEL_LONGEST_FIRST_H_

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "tersor/kernel/workspace.h"
#include "tersor/util/parallel_for.h"

namespace tersor::kernel {

/// Calls run(task, worker) once for each of `count` tasks, at most one at a time for each worker in
/// [0, workers). Whoever is free takes the next one; the longest by length(task) come first,
/// so that none is left alone at the end.
template <class Length, class Run>
void ForLongestFirst(int64_t count, int64_t workers, const Length& length, const Run& run,
                     Workspace& workspace) {
  struct Task {
    int64_t length, index;
  };
  const Workspace::Scope scope(workspace);
  auto* tasks = workspace.Take<Task>(count);
  for (int64_t i = 0; i < count; ++i) {
    tasks[i] = {length(i), i};
  }
  std::sort(tasks, tasks + count, [](const Task& a, const Task& b) {
    return a.length != b.length ? a.length > b.length : a.index < b.index;
  });
  std::atomic<int64_t> next = 0;
  ParallelFor(0, std::min(workers, count), 1, [&](int64_t first, int64_t last) {
    for (int64_t worker = first; worker < last; ++worker) {
      for (int64_t i = next++; i < count; i = next++) {
        run(tasks[i].index, worker);
      }
    }
  });
}

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_LONGEST_FIRST_H_
