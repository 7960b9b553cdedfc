#include "tersor/util/job_processes.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <map>
#include <thread>

#include "tersor/util/error.h"
#include "tersor/util/interrupt.h"
#include "tersor/util/parallel_for.h"

namespace tersor {
namespace {

constexpr size_t kMostError = 4000;  // bytes; a pipe takes them without a reader

struct Child {
  int64_t job;
  int error;  // the pipe's end from which its message comes
};

/// The child's side: runs the job, tells what went wrong, and ends without the parent's clean-up.
[[noreturn]] void RunJob(const std::function<void(int64_t)>& job, int64_t number, int error) {
  std::string message;
  try {
    SetNumThreads(1);  // the fork has none of the parent's threads
    job(number);
  } catch (const std::exception& thrown) {
    message = thrown.what();
    message = message.empty() ? "failed" : message.substr(0, kMostError);
  }
  std::fflush(nullptr);
  const ssize_t written = ::write(error, message.data(), message.size());
  ::_exit(message.empty() && written == 0 ? 0 : 1);
}

pid_t StartJob(const std::function<void(int64_t)>& job, int64_t number, int* error) {
  int ends[2];
  TERSOR_CHECK(::pipe(ends) == 0, "a job cannot be started: ", std::strerror(errno));
  std::fflush(nullptr);  // or both would write it
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) {
      ::_exit(1);
    }
    ::close(ends[0]);
    RunJob(job, number, ends[1]);
  }
  const int code = errno;
  ::close(ends[1]);
  if (child < 0) {
    ::close(ends[0]);
    Fail("a job cannot be started: ", std::strerror(code));
  }
  *error = ends[0];
  return child;
}

/// What the child said, or how it ended otherwise.
std::string ErrorOf(const Child& child, int status) {
  std::string message(kMostError, '\0');
  const ssize_t size = ::read(child.error, message.data(), message.size());
  ::close(child.error);
  message.resize(static_cast<size_t>(std::max<ssize_t>(size, 0)));
  if (WIFSIGNALED(status)) {
    return internal::Concat("ended by signal ", WTERMSIG(status), " (",
                            ::strsignal(WTERMSIG(status)), ")");
  }
  const bool silent = WEXITSTATUS(status) != 0 && message.empty();
  return silent ? internal::Concat("ended with exit code ", WEXITSTATUS(status)) : message;
}

}  // namespace

void RunInProcesses(int64_t count, int workers, const std::function<void(int64_t job)>& job,
                    const std::function<void(const JobEnd&)>& ended, const char* message) {
  std::map<pid_t, Child> running;
  int64_t next = 0;
  bool told = false;
  const auto goes_on = [&] { return next < count && !InterruptRequested(); };
  while (!running.empty() || goes_on()) {
    while (goes_on() && std::ssize(running) < std::max(workers, 1)) {
      int error = -1;
      const pid_t child = StartJob(job, next, &error);
      running[child] = {next++, error};
    }
    if (InterruptRequested() && !told) {
      told = true;  // once: a second request would not let them end well
      for (const auto& [pid, unused] : running) {
        ::kill(pid, SIGTERM);
      }
    }
    bool any = false;
    for (auto at = running.begin(); at != running.end();) {
      // Only our own: others may have children, too. Polled, as an interrupt's handler restarts
      // system calls.
      int status = 0;
      if (::waitpid(at->first, &status, WNOHANG) != at->first) {
        ++at;
        continue;
      }
      const JobEnd end = {at->second.job, ErrorOf(at->second, status)};
      at = running.erase(at);
      any = true;
      // A terminal's Ctrl-C reaches the jobs as well, so that one may end before it is told.
      if (end.error.empty() || !InterruptRequested()) {
        ended(end);
      }
    }
    if (!any) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
  ThrowIfInterrupted(message);
}

}  // namespace tersor
