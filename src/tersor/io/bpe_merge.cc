#include "tersor/io/bpe_merge.h"

#include <cstddef>
#include <functional>
#include <queue>
#include <tuple>

namespace tersor::io {
namespace {

/// A merge that may have gone stale: it holds only while both sides still have these tokens.
struct Candidate {
  int32_t rank;
  int32_t left;  // index of the left token
  int32_t left_token, right_token, merged;

  bool operator>(const Candidate& other) const {
    return std::tie(rank, left) > std::tie(other.rank, other.left);
  }
};

}  // namespace

void ApplyMerges(const MergeTable& merges, std::vector<int32_t>& word) {
  const auto size = static_cast<int32_t>(word.size());
  // A linked list over the positions: next_[i] skips what has been merged into i.
  std::vector<int32_t> next(word.size()), previous(word.size());
  for (int32_t i = 0; i < size; ++i) {
    next[static_cast<std::size_t>(i)] = i + 1;
    previous[static_cast<std::size_t>(i)] = i - 1;
  }
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> queue;
  const auto consider = [&](int32_t left) {
    if (left < 0 || next[static_cast<std::size_t>(left)] >= size) {
      return;
    }
    const int32_t a = word[static_cast<std::size_t>(left)];
    const int32_t b = word[static_cast<std::size_t>(next[static_cast<std::size_t>(left)])];
    if (const Merge* merge = merges.Find(a, b)) {
      queue.push({merge->rank, left, a, b, merge->token});
    }
  };
  for (int32_t i = 0; i + 1 < size; ++i) {
    consider(i);
  }
  constexpr int32_t kGone = -1;  // a position that was merged into its left neighbour
  while (!queue.empty()) {
    const Candidate best = queue.top();
    queue.pop();
    const auto left = static_cast<std::size_t>(best.left);
    if (word[left] != best.left_token || next[left] >= size ||
        word[static_cast<std::size_t>(next[left])] != best.right_token) {
      continue;
    }
    const auto right = static_cast<std::size_t>(next[left]);
    word[left] = best.merged;
    word[right] = kGone;
    next[left] = next[right];
    if (next[left] < size) {
      previous[static_cast<std::size_t>(next[left])] = best.left;
    }
    consider(previous[left]);
    consider(best.left);
  }
  std::erase(word, kGone);
}

}  // namespace tersor::io
