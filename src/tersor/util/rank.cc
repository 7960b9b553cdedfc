#include "tersor/util/rank.h"

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <system_error>
#include <utility>

#include "tersor/util/error.h"

namespace tersor {

std::optional<int> EnvironmentNumber(const char* name, int low, int high) {
  const char* text = std::getenv(name);
  if (text == nullptr || *text == '\0') {
    return std::nullopt;
  }
  int value = 0;
  const char* end = text + std::strlen(text);
  const auto [stop, code] = std::from_chars(text, end, value);
  TERSOR_CHECK(code == std::errc() && stop == end && value >= low && value <= high,
               "environment variable ", name, "=", text, " must be a whole number in ", low, " .. ",
               high);
  return value;
}

std::optional<RankPlace> RankFromEnvironment() {
  constexpr int kMost = 1 << 16;
  constexpr std::pair<const char*, const char*> kLaunchers[] = {
      {"RANK", "WORLD_SIZE"},
      {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
      {"PMI_RANK", "PMI_SIZE"},
      {"SLURM_PROCID", "SLURM_NTASKS"},
  };
  for (const auto& [rank_name, size_name] : kLaunchers) {
    const std::optional<int> size = EnvironmentNumber(size_name, 1, kMost);
    const std::optional<int> rank = EnvironmentNumber(rank_name, 0, kMost);
    if (!size && !rank) {
      continue;
    }
    TERSOR_CHECK(size && rank, "environment variable ", size ? rank_name : size_name,
                 " is missing; ", size ? size_name : rank_name, " is set");
    TERSOR_CHECK(*rank < *size, "environment variable ", rank_name, "=", *rank, " must be below ",
                 size_name, "=", *size);
    return RankPlace{*rank, *size};
  }
  return std::nullopt;
}

}  // namespace tersor
