// Byte-pair encoding of one word by ranked merges. Sennrich et al. 2016, arXiv:1508.07909.
#ifndef TERSOR_IO_BPE_MERGE_H_
#define TERSOR_IO_BPE_MERGE_H_

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace tersor::io {

/// What a pair of neighbouring tokens becomes, and how early: lower ranks merge first.
struct Merge {
  int32_t rank;
  int32_t token;
};

/// Merges by the pair's two ids.
class MergeTable {
 public:
  /// False where the pair is there already.
  bool Add(int32_t left, int32_t right, Merge merge) {
    return merges_.emplace(Key(left, right), merge).second;
  }
  const Merge* Find(int32_t left, int32_t right) const {
    const auto found = merges_.find(Key(left, right));
    return found == merges_.end() ? nullptr : &found->second;
  }

 private:
  static uint64_t Key(int32_t left, int32_t right) {
    return static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 | static_cast<uint32_t>(right);
  }
  std::unordered_map<uint64_t, Merge> merges_;
};

/// Applies, again and again, the merge of the lowest rank, the leftmost of equals, until none
/// applies. O(n log n) in the word's length, so a megabyte without a space is no trap.
void ApplyMerges(const MergeTable& merges, std::vector<int32_t>& word);

}  // namespace tersor::io

#endif  // TERSOR_IO_BPE_MERGE_H_
