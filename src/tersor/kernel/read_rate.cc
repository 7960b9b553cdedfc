#include "tersor/kernel/read_rate.h"

#include <atomic>
#include <cassert>

#include "tersor/util/parallel_for.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tersor/kernel/read_rate.cc"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tersor::kernel::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <int kStreams>
uint64_t ReadStreams(const uint8_t* bytes, int64_t size) {
  const hn::ScalableTag<uint64_t> d;
  const auto step = static_cast<int64_t>(hn::Lanes(d) * sizeof(uint64_t));
  const int64_t share = size / kStreams;
  hn::Vec<decltype(d)> sums[kStreams];
  for (int s = 0; s < kStreams; ++s) {
    sums[s] = hn::Zero(d);
  }
  for (int64_t i = 0; i < share; i += step) {
    for (int s = 0; s < kStreams; ++s) {
      const uint8_t* at = bytes + s * share + i;
      hwy::Prefetch(at + 512);
      sums[s] = hn::Xor(sums[s], hn::LoadU(d, reinterpret_cast<const uint64_t*>(at)));
    }
  }
  for (int s = 1; s < kStreams; ++s) {
    sums[0] = hn::Xor(sums[0], sums[s]);
  }
  return hn::GetLane(hn::SumOfLanes(d, sums[0]));
}

uint64_t Read1(const uint8_t* bytes, int64_t size) { return ReadStreams<1>(bytes, size); }
uint64_t Read2(const uint8_t* bytes, int64_t size) { return ReadStreams<2>(bytes, size); }
uint64_t Read4(const uint8_t* bytes, int64_t size) { return ReadStreams<4>(bytes, size); }

}  // namespace tersor::kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tersor::kernel {
namespace {

constexpr int64_t kPiece = 1 << 16;  // what shares are multiples of

HWY_EXPORT(Read1);
HWY_EXPORT(Read2);
HWY_EXPORT(Read4);

}  // namespace

uint64_t ReadAll(std::span<const std::byte> bytes, int64_t streams) {
  assert(bytes.size() % kPiece == 0 && (streams == 1 || streams == 2 || streams == 4));
  std::atomic<uint64_t> sum = 0;
  ParallelFor(0, std::ssize(bytes) / kPiece, 1, [&](int64_t first, int64_t last) {
    const auto* begin = reinterpret_cast<const uint8_t*>(bytes.data()) + first * kPiece;
    const int64_t size = (last - first) * kPiece;
    sum += streams == 1   ? HWY_DYNAMIC_DISPATCH(Read1)(begin, size)
           : streams == 2 ? HWY_DYNAMIC_DISPATCH(Read2)(begin, size)
                          : HWY_DYNAMIC_DISPATCH(Read4)(begin, size);
  });
  return sum;
}

}  // namespace tersor::kernel
#endif  // HWY_ONCE
