#include "tersor/train/metrics_log.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <sstream>

#include "tersor/util/error.h"
#include "tersor/util/file.h"

namespace tersor::train {

MetricsLog::MetricsLog(const std::string& path, int64_t step) : path_(path) {
  std::string kept;
  for (const Json& line : ReadMetrics(path)) {
    if (line.value("step", int64_t{0}) <= step) {
      kept += line.dump() + "\n";
    }
  }
  WriteFileAtomically(path, kept);
  file_ = std::fopen(path.c_str(), "ae");
  TERSOR_CHECK(file_ != nullptr, path, ": cannot be opened: ", std::strerror(errno));
}

MetricsLog::~MetricsLog() { std::fclose(file_); }

void MetricsLog::Append(const Json& line) {
  const std::string text = line.dump() + "\n";
  const bool ok =
      std::fwrite(text.data(), 1, text.size(), file_) == text.size() && std::fflush(file_) == 0;
  TERSOR_CHECK(ok, path_, ": cannot be written: ", std::strerror(errno));
}

std::vector<Json> ReadMetrics(const std::string& path) {
  std::vector<Json> lines;
  if (!std::filesystem::exists(path)) {
    return lines;
  }
  std::istringstream text(ReadFile(path));
  for (std::string line; std::getline(text, line);) {
    Json parsed = Json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (parsed.is_object()) {
      lines.push_back(std::move(parsed));
    }
  }
  return lines;
}

}  // namespace tersor::train
