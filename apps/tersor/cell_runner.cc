#include "cell_runner.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <map>
#include <optional>
#include <thread>

#include "tersor/util/error.h"
#include "tersor/util/file.h"
#include "tersor/util/interrupt.h"
#include "tersor/util/log.h"

namespace tersor::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kContinue = "the same command continues with the missing cells";
constexpr const char* kStopped = "stopped; the same command continues with the missing cells";

/// Starts this program; what it says goes to `log` where that is not empty. The terminal's Ctrl-C
/// does not reach it: RunMissing() passes on whatever interrupts it.
pid_t StartSelf(const std::vector<std::string>& arguments, const std::string& log) {
  std::string self = fs::read_symlink("/proc/self/exe").string();
  std::vector<std::string> texts = arguments;
  std::vector<char*> argv = {self.data()};
  for (std::string& text : texts) {
    argv.push_back(text.data());
  }
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  if (!log.empty()) {
    ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log.c_str(),
                                       O_WRONLY | O_CREAT | O_TRUNC, 0644);
    ::posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  }
  pid_t child = 0;
  const int code = ::posix_spawn(&child, self.c_str(), &actions, &attributes, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  TERSOR_CHECK(code == 0, self, ": cannot be started: ", std::strerror(code));
  return child;
}

/// The finished record of a cell, where it was made by this very command.
std::optional<Json> FinishedRecord(const std::string& path,
                                   const std::vector<std::string>& arguments) {
  if (!fs::exists(path)) {
    return std::nullopt;
  }
  Json record = ReadJsonFile(path);
  return record.value("command", Json()) == Json(arguments) ? std::optional(record) : std::nullopt;
}

}  // namespace

struct CellRunner::Work {
  const CellRun* run;
  std::vector<std::string> arguments;

  /// Marks the child's record as finished by these arguments.
  void Finish(const std::string& path) const {
    Json record = ReadJsonFile(path);
    record["cell"] = run->name;
    record["command"] = arguments;
    WriteFileAtomically(path, record.dump(1) + "\n");
  }
};

CellRunner::CellRunner(std::string resources, std::string out, int64_t threads)
    : resources_(std::move(resources)), out_(std::move(out)), threads_(threads) {}

std::vector<std::string> CellRunner::Arguments(const CellRun& run, int64_t threads) const {
  std::vector<std::string> arguments = run.cell.run;
  for (std::string& argument : arguments) {
    for (const auto& [place, value] : {std::pair<std::string, std::string>{"{out}", out_},
                                       {"{recipes}", resources_ + "/recipes"},
                                       {"{models}", resources_ + "/models"},
                                       {"{cell}", run.name}}) {
      for (size_t at; (at = argument.find(place)) != std::string::npos;) {
        argument.replace(at, place.size(), value);
      }
    }
  }
  arguments.insert(arguments.end(), {"--json", RecordPath(run), "--seed", std::to_string(run.seed),
                                     "--threads", std::to_string(threads)});
  return arguments;
}

std::vector<Json> CellRunner::Run(const std::vector<CellRun>& runs, bool side_by_side) const {
  std::vector<Work> work;
  std::vector<const Work*> missing;
  for (const CellRun& run : runs) {
    work.push_back({&run, Arguments(run, side_by_side ? 1 : threads_)});
  }
  for (const Work& one : work) {
    if (FinishedRecord(RecordPath(*one.run), one.arguments)) {
      log::Info("{}: done before, kept", one.run->name);
    } else {
      missing.push_back(&one);
    }
  }
  RunMissing(missing, side_by_side);
  std::vector<Json> records;
  for (const Work& one : work) {
    records.push_back(ReadJsonFile(RecordPath(*one.run)));
  }
  return records;
}

pid_t CellRunner::Start(const Work& work, bool side_by_side) const {
  if (side_by_side) {
    log::Info("{}: started; {} has what it says", work.run->name, LogPath(*work.run));
    return StartSelf(work.arguments, LogPath(*work.run));
  }
  std::string command = "tersor";
  for (const std::string& argument : work.run->cell.run) {
    command += " " + argument;
  }
  log::Info("{}: {}", work.run->name, command);
  return StartSelf(work.arguments, "");
}

void CellRunner::RunMissing(const std::vector<const Work*>& missing, bool side_by_side) const {
  const int64_t cores = std::max<int64_t>(1, std::thread::hardware_concurrency());
  const int64_t jobs = !side_by_side ? 1 : threads_ > 0 ? threads_ : cores;
  std::map<pid_t, const Work*> running;
  size_t next = 0, done = 0;
  std::string failed;
  bool stopped = false;
  const auto goes_on = [&] {
    return next < missing.size() && failed.empty() && !InterruptRequested();
  };
  while (!running.empty() || goes_on()) {
    while (goes_on() && std::ssize(running) < jobs) {
      const Work* one = missing[next++];
      running.emplace(Start(*one, side_by_side), one);
    }
    // Polled: waiting would not notice an interrupt, whose handler restarts system calls.
    int status = 0;
    const pid_t child = ::waitpid(-1, &status, WNOHANG);
    if (InterruptRequested() && !stopped) {
      stopped = true;  // each is asked once: a second request would not let it keep what is done
      for (const auto& [pid, unused] : running) {
        ::kill(pid, SIGINT);
      }
    }
    if (child <= 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      continue;
    }
    const Work* one = running.at(child);
    running.erase(child);
    if (stopped) {
      continue;  // whether it was finished is not known
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
      one->Finish(RecordPath(*one->run));
      log::Info("{}: done, {} of {}", one->run->name, ++done, missing.size());
    } else {
      failed = one->run->name;
      if (!running.empty()) {
        log::Info("{}: failed; waiting for {} others", failed, running.size());
      }
    }
  }
  ThrowIfInterrupted(kStopped);
  const std::string reason = side_by_side ? out_ + "/" + failed + ".log tells why" : "see above";
  TERSOR_CHECK(failed.empty(), "cell ", failed, " failed: ", reason, "; ", kContinue);
}

}  // namespace tersor::cli
