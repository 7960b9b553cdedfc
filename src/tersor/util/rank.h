// Which of the processes that share a work this one is.
#ifndef TERSOR_UTIL_RANK_H_
#define TERSOR_UTIL_RANK_H_

#include <optional>

namespace tersor {

/// Rank `rank` of `size`, from 0 on.
struct RankPlace {
  int rank = 0, size = 1;
};

/// What the environment says: RANK and WORLD_SIZE as torchrun sets them, then the variables of
/// Open MPI, MPICH and Slurm; nullopt where none is set. Throws Error naming the variable that is
/// missing or wrong.
std::optional<RankPlace> RankFromEnvironment();

/// A variable's value as a whole number in [low, high]; nullopt where it is not set. Throws Error
/// naming the variable.
std::optional<int> EnvironmentNumber(const char* name, int low, int high);

}  // namespace tersor

#endif  // TERSOR_UTIL_RANK_H_
