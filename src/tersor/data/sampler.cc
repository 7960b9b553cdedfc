#include "tersor/data/sampler.h"

#include <bit>

#include "tersor/util/error.h"

namespace tersor::data {

uint64_t Permute(uint64_t index, uint64_t n, const Rng& rng) {
  if (n < 2) {
    return 0;
  }
  const int half = (std::bit_width(n - 1) + 1) / 2;
  const uint64_t mask = (uint64_t{1} << half) - 1;
  do {
    uint64_t left = index >> half, right = index & mask;
    for (uint64_t round = 0; round < 4; ++round) {
      const uint64_t mixed = left ^ (rng.Bits64(round << 48 | right) & mask);
      left = right;
      right = mixed;
    }
    index = left << half | right;
  } while (index >= n);
  return index;
}

WindowSampler::WindowSampler(const TokenFile& tokens, int64_t window, uint64_t seed)
    : tokens_(tokens), window_(window), seed_(seed) {
  const int64_t usable = tokens.size() - 1;  // The last token is a target only.
  TERSOR_CHECK(usable >= window, "the training text has ", tokens.size(),
               " tokens, fewer than one window of ", window,
               " and its next token; give more text or a smaller model.max_position_embeddings");
  windows_ = usable / window;
  slack_ = usable % window;
  if (windows_ > 1) {
    // One window less leaves room for an offset that moves every cut.
    --windows_;
    slack_ += window;
  }
}

void WindowSampler::Fill(int64_t sample, std::span<int64_t> inputs,
                         std::span<int64_t> targets) const {
  const auto count = static_cast<uint64_t>(windows_);
  const uint64_t epoch = static_cast<uint64_t>(sample) / count;
  const Rng rng(seed_, epoch);
  const auto place =
      static_cast<int64_t>(Permute(static_cast<uint64_t>(sample) % count, count, rng));
  constexpr uint64_t kOffsetDraw = ~uint64_t{0};  // a counter that the permutation never uses
  const auto offset =
      static_cast<int64_t>(rng.Below(kOffsetDraw, static_cast<uint64_t>(slack_) + 1));
  const int64_t first = offset + place * window_;
  for (int64_t t = 0; t < window_; ++t) {
    const auto i = static_cast<size_t>(t);
    inputs[i] = tokens_.Token(first + t);
    targets[i] = tokens_.CarriesLoss(first + t + 1) ? tokens_.Token(first + t + 1) : -1;
  }
}

}  // namespace tersor::data
