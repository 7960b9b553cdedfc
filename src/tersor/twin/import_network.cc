#include "tersor/twin/import_network.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <string_view>
#include <vector>

#include "tersor/util/error.h"
#include "tersor/util/file.h"

extern char** environ;

namespace tersor::twin {
namespace {

/// A folder that goes away with what is in it.
class ScratchFolder {
 public:
  ScratchFolder() {
    path_ = (std::filesystem::temp_directory_path() / "tersor-network-XXXXXX").string();
    TERSOR_CHECK(::mkdtemp(path_.data()) != nullptr, path_, ": ", std::strerror(errno));
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  std::string operator/(const char* name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

/// netconvert's option for the path's format; empty for SUMO's own.
std::string InputOption(std::string_view path) {
  if (path.ends_with(".gz")) {
    path.remove_suffix(3);
  }
  if (path.ends_with(".osm") || path.ends_with(".osm.xml")) {
    return "--osm-files";
  }
  return path.ends_with(".xodr") ? "--opendrive-files" : "";
}

/// Runs a program with its output in `log` and returns its exit code; 127: it is missing.
int Run(std::vector<std::string> words, const std::string& log) {
  std::vector<char*> arguments;
  for (std::string& word : words) {
    arguments.push_back(word.data());
  }
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  ::posix_spawn_file_actions_adddup2(&actions, 1, 2);
  pid_t child = 0;
  const int failed =
      ::posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) {
    return 127;
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    TERSOR_CHECK(errno == EINTR, words[0], ": ", std::strerror(errno));
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/// The first line of a log that tells of an error.
std::string FirstError(const std::string& log) {
  const std::string text = std::filesystem::exists(log) ? ReadFile(log) : "";
  const size_t begin = text.find("Error:");
  if (begin == std::string::npos) {
    return "it gives no reason";
  }
  return text.substr(begin, text.find('\n', begin) - begin);
}

}  // namespace

Network ImportNetwork(const std::string& path) {
  const std::string option = InputOption(path);
  if (option.empty()) {
    return ReadNetwork(path);
  }
  TERSOR_CHECK(std::filesystem::exists(path), path, ": no such file");
  const ScratchFolder folder;
  const std::string network = folder / "imported.net.xml", log = folder / "netconvert.log";
  std::vector<std::string> words = {"netconvert",
                                    option,
                                    path,
                                    "--output-file",
                                    network,
                                    "--geometry.remove",
                                    "--ramps.guess",
                                    "--junctions.join",
                                    "--tls.guess-signals",
                                    "--tls.discard-simple",
                                    "--tls.join",
                                    "--output.street-names"};
  // Without SUMO_HOME it would look for its schemas in the network.
  words.insert(words.end(), {"--xml-validation", "never"});
  const int code = Run(words, log);
  TERSOR_CHECK(code != 127, path, ": netconvert of SUMO is needed to read this format; install ",
               "the package sumo, or convert the file to .net.xml elsewhere");
  TERSOR_CHECK(code == 0, path, ": netconvert failed: ", FirstError(log));
  return ReadNetwork(network);
}

}  // namespace tersor::twin
