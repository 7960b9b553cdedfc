#include "tersor/util/memory.h"

#include <algorithm>
#include <fstream>
#include <string>

namespace tersor {

int64_t PeakMemory() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmHWM:", 0) == 0) {
      return std::stoll(line.substr(6)) * 1024;
    }
  }
  return 0;
}

void ResetPeakMemory() { std::ofstream("/proc/self/clear_refs") << "5"; }

int64_t AvailableMemory() {
  int64_t available = 0;
  std::ifstream system("/proc/meminfo");
  for (std::string line; std::getline(system, line);) {
    if (line.rfind("MemAvailable:", 0) == 0) {
      available = std::stoll(line.substr(13)) * 1024;
    }
  }
  // A container's own limit, where one is set ("max" does not read as a number).
  std::ifstream limit_file("/sys/fs/cgroup/memory.max"), used_file("/sys/fs/cgroup/memory.current");
  int64_t limit = 0, used = 0;
  if (limit_file >> limit && used_file >> used) {
    available = std::min(available, std::max<int64_t>(0, limit - used));
  }
  return available;
}

}  // namespace tersor
