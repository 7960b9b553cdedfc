// Training windows over a token stream in a shuffled order.
#ifndef TERSOR_DATA_SAMPLER_H_
#define TERSOR_DATA_SAMPLER_H_

#include <cstdint>
#include <span>

#include "tersor/data/token_file.h"
#include "tersor/util/rng.h"

namespace tersor::data {

/// A permutation of [0, n) that is computed, not stored: four rounds of a Feistel network on the
/// smallest even number of bits, values outside the range walked on. Luby and Rackoff 1988.
uint64_t Permute(uint64_t index, uint64_t n, const Rng& rng);

/// Each epoch cuts the stream at another offset into windows and visits each once. Which window a
/// sample is, is a pure function of (seed, index): resuming needs the index only.
class WindowSampler {
 public:
  /// `tokens` must outlive the sampler. Throws Error when the stream is shorter than window + 1.
  WindowSampler(const TokenFile& tokens, int64_t window, uint64_t seed);

  int64_t windows_per_epoch() const { return windows_; }
  int64_t window() const { return window_; }

  /// Inputs and their next tokens, `window` each; a target that carries no loss is -1.
  void Fill(int64_t sample, std::span<int64_t> inputs, std::span<int64_t> targets) const;

 private:
  const TokenFile& tokens_;
  int64_t window_, windows_, slack_;
  uint64_t seed_;
};

}  // namespace tersor::data

#endif  // TERSOR_DATA_SAMPLER_H_
