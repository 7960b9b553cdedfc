#define USE_C10D_GLOO 1

#include "tersor/train/communicator.h"

#include <ATen/ATen.h>

#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "tersor/util/error.h"
#include "tersor/util/rank.h"

namespace tersor::train {
namespace {

constexpr int64_t kBucketElements = 4 << 20;  // float32: 16 MB

class SingleProcess : public Communicator {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  void AllReduceSum(std::span<double>) override {}
  void AllReduceGradients(std::vector<at::Tensor>&) override {}
  void Broadcast(at::Tensor&, int) override {}
  void Barrier() override {}
};

class GlooCommunicator : public Communicator {
 public:
  GlooCommunicator(c10::intrusive_ptr<c10d::ProcessGroupGloo> group, int rank, int size)
      : group_(std::move(group)), rank_(rank), size_(size) {}

  int rank() const override { return rank_; }
  int size() const override { return size_; }

  void AllReduceSum(std::span<double> values) override {
    std::vector<at::Tensor> tensors = {
        at::from_blob(values.data(), {static_cast<int64_t>(values.size())}, at::kDouble)};
    Wait("sum", [&] { return group_->allreduce(tensors); });
  }

  void AllReduceGradients(std::vector<at::Tensor>& gradients) override {
    const at::NoGradGuard no_grad;
    for (size_t first = 0; first < gradients.size();) {
      size_t last = first;
      int64_t count = 0;
      while (last < gradients.size() &&
             (last == first || count + gradients[last].numel() <= kBucketElements)) {
        count += gradients[last++].numel();
      }
      ReduceBucket({gradients.data() + first, last - first}, count);
      first = last;
    }
  }

  void Broadcast(at::Tensor& tensor, int root) override {
    std::vector<at::Tensor> tensors = {tensor};
    c10d::BroadcastOptions options;
    options.rootRank = root;
    Wait("broadcast", [&] { return group_->broadcast(tensors, options); });
  }

  void Barrier() override {
    double nothing = 0;
    AllReduceSum({&nothing, 1});
  }

 private:
  void ReduceBucket(std::span<at::Tensor> tensors, int64_t count) {
    if (!bucket_.defined() || bucket_.numel() < count) {
      bucket_ = at::empty({count}, at::kFloat);
    }
    const at::Tensor flat = bucket_.narrow(0, 0, count);
    int64_t offset = 0;
    for (const at::Tensor& tensor : tensors) {
      flat.narrow(0, offset, tensor.numel()).copy_(tensor.reshape(-1));
      offset += tensor.numel();
    }
    std::vector<at::Tensor> one = {flat};
    Wait("gradient sum", [&] { return group_->allreduce(one); });
    offset = 0;
    for (const at::Tensor& tensor : tensors) {
      tensor.copy_(flat.narrow(0, offset, tensor.numel()).view(tensor.sizes()));
      offset += tensor.numel();
    }
  }

  /// Gloo's message goes on for lines; what a user needs is which collective and what to do.
  template <typename Start>
  void Wait(const char* what, const Start& start) {
    try {
      start()->wait();
    } catch (const std::exception& e) {
      const std::string text = e.what();
      const bool late = text.find("imed out") != std::string::npos;
      Fail("rank ", rank_, " of ", size_, ": another rank ",
           late ? "did not answer in time" : "has died", " (", what,
           "); the run resumes from its last checkpoint with the same command");
    }
  }

  c10::intrusive_ptr<c10d::ProcessGroupGloo> group_;
  int rank_, size_;
  at::Tensor bucket_;
};

std::chrono::milliseconds Milliseconds(double seconds) {
  return std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
}

}  // namespace

std::unique_ptr<Communicator> MakeSingleProcess() { return std::make_unique<SingleProcess>(); }

std::unique_ptr<Communicator> ConnectFromEnvironment(const CommunicatorOptions& options) {
  const std::optional<RankPlace> place = RankFromEnvironment();
  if (!place || place->size == 1) {
    return MakeSingleProcess();
  }
  const char* address = std::getenv("MASTER_ADDR");
  if (address == nullptr) {
    address = std::getenv("SLURM_LAUNCH_NODE_IPADDR");
  }
  const std::optional<int> port = EnvironmentNumber("MASTER_PORT", 1, 65535);
  TERSOR_CHECK(address != nullptr,
               "environment variable MASTER_ADDR is missing: the host of rank 0");
  TERSOR_CHECK(port.has_value(), "environment variable MASTER_PORT is missing: a free port there");
  try {
    c10d::TCPStoreOptions store_options;
    store_options.port = static_cast<uint16_t>(*port);
    store_options.isServer = place->rank == 0;
    store_options.numWorkers = place->size;
    store_options.timeout = Milliseconds(options.join_seconds);
    auto store = c10::make_intrusive<c10d::TCPStore>(address, store_options);
    auto group_options = c10d::ProcessGroupGloo::Options::create();
    const bool local =
        std::strcmp(address, "127.0.0.1") == 0 || std::strcmp(address, "localhost") == 0;
    group_options->devices.push_back(
        local ? c10d::ProcessGroupGloo::createDeviceForHostname("127.0.0.1")
              : c10d::ProcessGroupGloo::createDefaultDevice());
    group_options->timeout = Milliseconds(options.timeout_seconds);
    auto group =
        c10::make_intrusive<c10d::ProcessGroupGloo>(store, place->rank, place->size, group_options);
    return std::make_unique<GlooCommunicator>(std::move(group), place->rank, place->size);
  } catch (const std::exception& e) {
    const std::string text = e.what();
    Fail("rank ", place->rank, " of ", place->size, " could not join the others at ", address, ":",
         *port, " within ", options.join_seconds, " s: ", text.substr(0, text.find('\n')));
  }
}

}  // namespace tersor::train
