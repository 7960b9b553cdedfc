// Scratch memory that is taken and given back in stack order, so that a step of inference allocates
// nothing once it has run.
#ifndef TERSOR_KERNEL_WORKSPACE_H_
#define TERSOR_KERNEL_WORKSPACE_H_

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace tersor::kernel {

/// Not thread-safe: taken by the thread that starts a parallel loop, shared out by index inside.
class Workspace {
 public:
  /// Uninitialized room for `count` elements at a multiple of 64 bytes; stays valid, at its place,
  /// until the Scope in which it was taken ends.
  template <typename T>
  T* Take(int64_t count) {
    static_assert(alignof(T) <= kAlign);
    return reinterpret_cast<T*>(TakeBytes(static_cast<size_t>(count) * sizeof(T)));
  }

  /// Gives back, at its end, all that was taken since its beginning.
  class Scope {
   public:
    explicit Scope(Workspace& workspace)
        : workspace_(workspace), block_(workspace.block_), used_(workspace.used_) {}
    ~Scope() {
      workspace_.block_ = block_;
      workspace_.used_ = used_;
    }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Workspace& workspace_;
    size_t block_, used_;
  };

 private:
  static constexpr size_t kAlign = 64;
  static constexpr size_t kBlockBytes = size_t{4} << 20;

  struct Block {
    std::unique_ptr<std::byte[]> storage;
    std::byte* begin;  // aligned
    size_t size;
  };

  std::byte* TakeBytes(size_t bytes) {
    bytes = (bytes + kAlign - 1) / kAlign * kAlign;
    while (block_ < blocks_.size() && used_ + bytes > blocks_[block_].size) {
      ++block_;
      used_ = 0;
    }
    if (block_ == blocks_.size()) {
      const size_t size = bytes > kBlockBytes ? bytes : kBlockBytes;
      Block block{std::make_unique_for_overwrite<std::byte[]>(size + kAlign), nullptr, size};
      const auto address = reinterpret_cast<uintptr_t>(block.storage.get());
      block.begin = block.storage.get() + (kAlign - address % kAlign) % kAlign;
      blocks_.push_back(std::move(block));
    }
    std::byte* out = blocks_[block_].begin + used_;
    used_ += bytes;
    return out;
  }

  std::vector<Block> blocks_;
  size_t block_ = 0, used_ = 0;  // where the next piece is taken from
};

}  // namespace tersor::kernel

#endif  // TERSOR_KERNEL_WORKSPACE_H_
