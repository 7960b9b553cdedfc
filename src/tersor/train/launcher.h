// Local ranks of a data-parallel run: `--nproc N`.
#ifndef TERSOR_TRAIN_LAUNCHER_H_
#define TERSOR_TRAIN_LAUNCHER_H_

namespace tersor::train {

/// Starts `nproc` copies of this program with argv[0 .. argc) without `--nproc N`, as ranks of one
/// run on this machine (RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT), each with its share of the
/// threads, and waits. When a rank fails the others are ended and Error says which and how. Ctrl-C
/// goes to all of them. Returns 0 when all succeed.
int LaunchLocalRanks(int nproc, int argc, char** argv);

}  // namespace tersor::train

#endif  // TERSOR_TRAIN_LAUNCHER_H_
