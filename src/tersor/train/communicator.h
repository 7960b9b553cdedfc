// Data-parallel communication between the ranks of a run, over c10d with Gloo.
#ifndef TERSOR_TRAIN_COMMUNICATOR_H_
#define TERSOR_TRAIN_COMMUNICATOR_H_

#include <ATen/core/Tensor.h>

#include <memory>
#include <span>
#include <vector>

namespace tersor::train {

/// Collectives that every rank calls in the same order. A rank that died makes them throw Error on
/// the others, within `CommunicatorOptions::timeout_seconds`.
class Communicator {
 public:
  virtual ~Communicator() = default;
  virtual int rank() const = 0;
  virtual int size() const = 0;

  /// Sums over ranks, in place.
  virtual void AllReduceSum(std::span<double> values) = 0;

  /// Sums float32 tensors over ranks, in place, through flat buckets of some 16 MB.
  virtual void AllReduceGradients(std::vector<at::Tensor>& gradients) = 0;

  /// Copies `tensor` of rank `root` to all.
  virtual void Broadcast(at::Tensor& tensor, int root) = 0;

  /// Returns when every rank has called it.
  virtual void Barrier() = 0;
};

struct CommunicatorOptions {
  double join_seconds = 60;      // for all ranks to appear
  double timeout_seconds = 600;  // for one collective
};

/// One rank: every collective is the identity.
std::unique_ptr<Communicator> MakeSingleProcess();

/// The ranks that the environment describes: RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT as
/// torchrun sets them; under Slurm or Open MPI their own variables give rank and size. A single
/// process where no variable is set. Throws Error naming the variable that is missing or wrong.
std::unique_ptr<Communicator> ConnectFromEnvironment(const CommunicatorOptions& options = {});

}  // namespace tersor::train

#endif  // TERSOR_TRAIN_COMMUNICATOR_H_
