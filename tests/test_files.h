// A fresh folder for one test, removed afterwards, and commands run as a user would.
#ifndef TERSOR_TESTS_TEST_FILES_H_
#define TERSOR_TESTS_TEST_FILES_H_

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace tersor::testing {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tersor-test-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

inline std::string Slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

inline void Spill(const std::string& path, const std::string& contents) {
  std::ofstream(path, std::ios::binary) << contents;
}

struct CommandResult {
  int code = 0;  // exit code, or 128 + signal
  std::string out, error;
};

/// Runs a shell command and waits.
inline CommandResult RunCommand(const std::string& command) {
  const TemporaryFolder folder;
  const int status =
      std::system(("( " + command + " ) >" + (folder / "out") + " 2>" + (folder / "err")).c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), Slurp(folder / "out"),
          Slurp(folder / "err")};
}

}  // namespace tersor::testing

#endif  // TERSOR_TESTS_TEST_FILES_H_
