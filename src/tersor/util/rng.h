// Counter-based random numbers: element i of a stream is a pure function of (seed, stream, i), so
// results do not depend on the number of threads or on the order of the draws.
// Philox4x32-10, Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
#ifndef TERSOR_UTIL_RNG_H_
#define TERSOR_UTIL_RNG_H_

#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>

namespace tersor {

/// Ten rounds of Philox over a 128-bit counter and a 64-bit key.
inline std::array<uint32_t, 4> Philox4x32(std::array<uint32_t, 4> counter,
                                          std::array<uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t product0 = uint64_t{0xD2511F53} * counter[0];
    const uint64_t product1 = uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<uint32_t>(product1 >> 32) ^ counter[1] ^ key[0],
               static_cast<uint32_t>(product1),
               static_cast<uint32_t>(product0 >> 32) ^ counter[3] ^ key[1],
               static_cast<uint32_t>(product0)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}

/// One stream of random numbers; cheap to copy, safe to share between threads.
class Rng {
 public:
  explicit Rng(uint64_t seed, uint64_t stream = 0) : seed_(seed), stream_(stream) {}

  uint64_t seed() const { return seed_; }

  /// Four 32-bit words for counter value `index`.
  std::array<uint32_t, 4> Words(uint64_t index) const {
    return Philox4x32({static_cast<uint32_t>(index), static_cast<uint32_t>(index >> 32),
                       static_cast<uint32_t>(stream_), static_cast<uint32_t>(stream_ >> 32)},
                      {static_cast<uint32_t>(seed_), static_cast<uint32_t>(seed_ >> 32)});
  }

  uint64_t Bits64(uint64_t index) const {
    const auto words = Words(index);
    return (uint64_t{words[1]} << 32) | words[0];
  }

  /// Uniform in [0, 1) with 53 random bits.
  double Uniform(uint64_t index) const {
    return static_cast<double>(Bits64(index) >> 11) * 0x1.0p-53;
  }

  /// Uniform in [0, bound); `bound` > 0. The bias is below bound / 2^64.
  uint64_t Below(uint64_t index, uint64_t bound) const {
    return static_cast<uint64_t>((static_cast<unsigned __int128>(Bits64(index)) * bound) >> 64);
  }

  /// Standard normal by Box-Muller.
  double Normal(uint64_t index) const {
    const auto words = Words(index);
    // (w + 1) / 2^32 lies in (0, 1], so the logarithm is finite.
    const double u = (static_cast<double>(words[0]) + 1.0) * 0x1.0p-32;
    const double v = static_cast<double>(words[1]) * 0x1.0p-32;
    return std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * std::numbers::pi * v);
  }

 private:
  uint64_t seed_, stream_;
};

}  // namespace tersor

#endif  // TERSOR_UTIL_RNG_H_
