#include "tersor/train/launcher.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "tersor/util/error.h"
#include "tersor/util/interrupt.h"
#include "tersor/util/parallel_for.h"

namespace tersor::train {
namespace {

constexpr int kGraceSeconds = 5;  // between SIGTERM and SIGKILL

/// A port that is free now; the kernel hands them out in turn, so it stays free for a while.
int FreePort() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  const bool ok = socket >= 0 &&
                  ::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0 &&
                  ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  const int code = errno;
  if (socket >= 0) {
    ::close(socket);
  }
  TERSOR_CHECK(ok, "no free port on 127.0.0.1: ", std::strerror(code));
  return ntohs(address.sin_port);
}

/// The arguments of one rank: ours without --nproc, with its threads.
std::vector<std::string> RankArguments(int argc, char** argv, int threads) {
  std::vector<std::string> arguments;
  bool has_threads = false;
  for (int i = 0; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--nproc") {
      ++i;  // its value
    } else if (!argument.starts_with("--nproc=")) {
      has_threads = has_threads || argument.starts_with("--threads");
      arguments.emplace_back(argument);
    }
  }
  if (!has_threads) {
    arguments.insert(arguments.end(), {"--threads", std::to_string(threads)});
  }
  return arguments;
}

pid_t StartRank(int rank, int size, int port, std::vector<std::string> arguments) {
  // Everything that allocates happens before the fork.
  std::vector<char*> argv;
  static char name[] = "tersor";
  argv.push_back(name);
  for (std::string& argument : arguments) {
    argv.push_back(argument.data());
  }
  argv.push_back(nullptr);
  const std::string rank_text = std::to_string(rank), size_text = std::to_string(size);
  const std::string port_text = std::to_string(port);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  TERSOR_CHECK(child >= 0, "rank ", rank, " cannot be started: ", std::strerror(errno));
  if (child > 0) {
    return child;
  }
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);  // No rank outlives the launcher.
  if (::getppid() != parent) {
    ::_exit(1);
  }
  ::setenv("RANK", rank_text.c_str(), 1);
  ::setenv("WORLD_SIZE", size_text.c_str(), 1);
  ::setenv("MASTER_ADDR", "127.0.0.1", 1);
  ::setenv("MASTER_PORT", port_text.c_str(), 1);
  ::execv("/proc/self/exe", argv.data());
  ::_exit(127);
}

/// "exit code 1" or "signal 9 (Killed)".
std::string Describe(int status) {
  if (WIFSIGNALED(status)) {
    return "signal " + std::to_string(WTERMSIG(status)) + " (" + ::strsignal(WTERMSIG(status)) +
           ")";
  }
  return "exit code " + std::to_string(WEXITSTATUS(status));
}

/// Ends the ranks that are left: SIGTERM, then SIGKILL for those that do not go.
void EndAll(std::vector<pid_t>& ranks) {
  for (const pid_t pid : ranks) {
    if (pid > 0) {
      ::kill(pid, SIGTERM);
    }
  }
  for (int tenth = 0; tenth <= 10 * kGraceSeconds; ++tenth) {
    bool left = false;
    for (pid_t& pid : ranks) {
      if (pid > 0 && ::waitpid(pid, nullptr, WNOHANG) == pid) {
        pid = 0;
      }
      left = left || pid > 0;
    }
    if (!left) {
      return;
    }
    ::usleep(100'000);
  }
  for (pid_t& pid : ranks) {
    if (pid > 0) {
      ::kill(pid, SIGKILL);
      ::waitpid(pid, nullptr, 0);
      pid = 0;
    }
  }
}

}  // namespace

int LaunchLocalRanks(int nproc, int argc, char** argv) {
  CatchInterrupts();
  const int port = FreePort();
  const std::vector<std::string> arguments =
      RankArguments(argc, argv, std::max(1, AvailableCores() / nproc));
  std::vector<pid_t> ranks;
  for (int rank = 0; rank < nproc; ++rank) {
    ranks.push_back(StartRank(rank, nproc, port, arguments));
  }
  bool told = false;  // the ranks have been asked to stop
  int interrupted = 0;
  for (int running = nproc; running > 0;) {
    int status = 0;
    const pid_t ended = ::waitpid(-1, &status, WNOHANG);
    if (InterruptRequested() && !told) {
      // A terminal's Ctrl-C reaches the ranks by itself; a kill of the launcher does not.
      std::for_each(ranks.begin(), ranks.end(), [](pid_t pid) { ::kill(pid, SIGTERM); });
      told = true;
    }
    if (ended <= 0) {
      ::usleep(50'000);
      continue;
    }
    const auto found = std::find(ranks.begin(), ranks.end(), ended);
    if (found == ranks.end()) {
      continue;
    }
    *found = 0;
    --running;
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    if (code == 0) {
      continue;
    }
    if (told) {
      interrupted = std::max(interrupted, code > 0 ? code : 1);
      continue;
    }
    const auto rank = found - ranks.begin();
    EndAll(ranks);
    Fail("rank ", rank, " of ", nproc, " ended with ", Describe(status),
         "; the others were stopped; the same command resumes from the last checkpoint");
  }
  return interrupted;
}

}  // namespace tersor::train
