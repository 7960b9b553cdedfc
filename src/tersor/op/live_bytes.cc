#include "tersor/op/live_bytes.h"

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>

#include <algorithm>
#include <atomic>

#include "tersor/util/error.h"

namespace tersor::op {

struct LiveBytes::Counter : c10::Allocator {
  std::atomic<int64_t> now = 0, peak = 0;
  c10::Allocator* plain = nullptr;
  std::weak_ptr<Counter> self;

  /// What the deleter of a piece of memory needs.
  struct Piece {
    c10::DataPtr memory;
    int64_t bytes;
    std::shared_ptr<Counter> counter;
  };

  c10::DataPtr allocate(size_t bytes) const override {
    auto* piece = new Piece{plain->allocate(bytes), static_cast<int64_t>(bytes), self.lock()};
    Counter& counter = *piece->counter;
    const int64_t held = counter.now += piece->bytes;
    int64_t most = counter.peak;
    while (most < held && !counter.peak.compare_exchange_weak(most, held)) {
    }
    const c10::Device device = piece->memory.device();
    return {piece->memory.get(), piece, Free, device};
  }

  static void Free(void* context) {
    const std::unique_ptr<Piece> piece(static_cast<Piece*>(context));
    piece->counter->now -= piece->bytes;
  }
};

namespace {

// libtorch prefers the newest allocator of the highest priority, and takes one of the same back.
constexpr uint8_t kPriority = 100;

}  // namespace

LiveBytes::LiveBytes() : counter_(std::make_shared<Counter>()) {
  counter_->self = counter_;
  counter_->plain = c10::GetCPUAllocator();
  TERSOR_CHECK(dynamic_cast<Counter*>(counter_->plain) == nullptr,
               "only one LiveBytes can count at a time");
  c10::SetCPUAllocator(counter_.get(), kPriority);
}

LiveBytes::~LiveBytes() { c10::SetCPUAllocator(counter_->plain, kPriority); }

int64_t LiveBytes::now() const { return counter_->now; }
int64_t LiveBytes::peak() const { return counter_->peak; }

}  // namespace tersor::op
