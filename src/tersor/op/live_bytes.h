// How much memory tensors hold: for measuring what a forward pass keeps for its backward pass.
#ifndef TERSOR_OP_LIVE_BYTES_H_
#define TERSOR_OP_LIVE_BYTES_H_

#include <cstdint>
#include <memory>

namespace tersor::op {

/// While one exists, counts what libtorch's CPU allocator hands out and takes back; memory from
/// before is not seen, neither when it is freed. One at a time.
class LiveBytes {
 public:
  LiveBytes();
  ~LiveBytes();

  /// Bytes handed out since the beginning and still held.
  int64_t now() const;
  /// The most that were held at once.
  int64_t peak() const;

 private:
  struct Counter;
  // Shared with every piece of memory: some outlive this object.
  std::shared_ptr<Counter> counter_;
};

}  // namespace tersor::op

#endif  // TERSOR_OP_LIVE_BYTES_H_
