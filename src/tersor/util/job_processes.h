// Independent jobs in processes of their own: what kills one leaves the others alone, and each may
// hold libraries that allow one instance a process.
#ifndef TERSOR_UTIL_JOB_PROCESSES_H_
#define TERSOR_UTIL_JOB_PROCESSES_H_

#include <cstdint>
#include <functional>
#include <string>

namespace tersor {

struct JobEnd {
  int64_t job = 0;
  std::string error;  // what it threw, or the signal that ended it; "": it is done
};

/// Calls job(i) for every i in [0, count), `workers` at a time, each in a fork of this process with
/// loops of one thread; what a job leaves must be in files. `ended` is called here, as jobs end. An
/// interrupt asks the jobs to stop (they poll, see interrupt.h), waits for them and throws
/// Interrupted(`message`); those do not count as ended. Jobs end with this process.
void RunInProcesses(int64_t count, int workers, const std::function<void(int64_t job)>& job,
                    const std::function<void(const JobEnd&)>& ended, const char* message);

}  // namespace tersor

#endif  // TERSOR_UTIL_JOB_PROCESSES_H_
