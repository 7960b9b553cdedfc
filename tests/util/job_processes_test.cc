#include "tersor/util/job_processes.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <map>
#include <string>
#include <thread>

#include "tersor/util/error.h"
#include "tersor/util/interrupt.h"
#include "tersor/util/parallel_for.h"
#include "test_files.h"

namespace tersor {
namespace {

std::map<int64_t, std::string> RunAll(int64_t count, int workers,
                                      const std::function<void(int64_t)>& job) {
  std::map<int64_t, std::string> errors;
  RunInProcesses(
      count, workers, job, [&](const JobEnd& end) { errors[end.job] = end.error; }, "stopped");
  return errors;
}

TEST(JobProcesses, RunsAllAndLeavesFiles) {
  const testing::TemporaryFolder folder;
  const std::map<int64_t, std::string> errors = RunAll(7, 3, [&](int64_t job) {
    testing::Spill(folder / std::to_string(job), std::to_string(::getpid()));
  });
  EXPECT_EQ(errors.size(), 7u);
  for (int64_t job = 0; job < 7; ++job) {
    EXPECT_EQ(errors.at(job), "");
    EXPECT_NE(testing::Slurp(folder / std::to_string(job)), std::to_string(::getpid()));
  }
}

TEST(JobProcesses, AFailingOneLeavesTheOthersAlone) {
  const std::map<int64_t, std::string> errors = RunAll(5, 2, [](int64_t job) {
    if (job == 1) {
      Fail("the road is closed");
    } else if (job == 3) {
      ::raise(SIGKILL);
    }
  });
  EXPECT_EQ(errors.at(0), "");
  EXPECT_EQ(errors.at(1), "the road is closed");
  EXPECT_EQ(errors.at(2), "");
  EXPECT_EQ(errors.at(3).find("ended by signal 9"), 0u);
  EXPECT_EQ(errors.at(4), "");
}

TEST(JobProcesses, LoopsWorkWithinAJob) {
  // The parent's threads are not in the fork.
  int64_t sum = 0;
  ParallelFor(0, 1000, 1, [](int64_t, int64_t) {});
  const std::map<int64_t, std::string> errors = RunAll(1, 1, [&](int64_t) {
    ParallelFor(0, 1000, 1, [&](int64_t first, int64_t last) { sum += last - first; });
    TERSOR_CHECK(sum == 1000, "a loop over ", sum);
  });
  EXPECT_EQ(errors.at(0), "");
}

TEST(JobProcesses, AnInterruptAsksThemToStop) {
  CatchInterrupts();
  int64_t done = 0;
  std::thread interrupt([] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    ::kill(::getpid(), SIGTERM);
  });
  EXPECT_THROW(RunInProcesses(
                   100, 2,
                   [](int64_t job) {
                     for (int i = 0; job > 1 && i < 1000; ++i) {
                       ThrowIfInterrupted("stopped");
                       std::this_thread::sleep_for(std::chrono::milliseconds(10));
                     }
                   },
                   [&](const JobEnd& end) { done += end.error.empty(); }, "stopped"),
               Interrupted);
  interrupt.join();
  ForgetInterrupt();
  EXPECT_EQ(done, 2);
}

}  // namespace
}  // namespace tersor
