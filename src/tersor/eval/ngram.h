// The classical language model that a neural one should beat: an n-gram model over tokens with
// modified Kneser-Ney smoothing, interpolated. Chen and Goodman 1999, "An empirical study of
// smoothing techniques for language modeling", section 3 (modified Kneser-Ney).
#ifndef TERSOR_EVAL_NGRAM_H_
#define TERSOR_EVAL_NGRAM_H_

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace tersor::eval {

class NgramModel {
 public:
  /// Counts n-grams of `order` (1 to 8) and below in the stream. Token ids are below 65536 and
  /// below `vocab`. Throws Error for a stream shorter than `order` or ids out of range.
  NgramModel(std::span<const int32_t> stream, int order, int64_t vocab);

  /// P(token | context), of which the last order - 1 tokens count; sums to 1 over the vocabulary.
  double Probability(std::span<const int32_t> context, int32_t token) const;

  /// Nats of tokens 1 .. end of a stream, each given those before it.
  double NegativeLogLikelihood(std::span<const int32_t> stream) const;

 private:
  /// Up to 8 tokens, the first in the highest used bits, so that sorting groups by context.
  using Key = unsigned __int128;

  /// What follows one context: the sum of the counts, and how many tokens follow once, twice, more.
  struct Context {
    Key key;
    double total = 0;
    std::array<double, 3> types{};
  };
  /// All n-grams of one length. Counts are those of the text at the highest order; below it, the
  /// number of different tokens that precede the n-gram.
  struct Order {
    std::vector<Key> keys;              // ascending
    std::vector<uint32_t> counts;       // of keys
    std::vector<Context> contexts;      // ascending
    std::array<double, 3> discounts{};  // for counts of one, two, and three or more
  };

  static Order Count(std::vector<Key> occurrences);
  double Probability(std::span<const int32_t> context, int32_t token, size_t length) const;

  std::vector<Order> orders_;  // orders_[n - 1]: n-grams
  double vocab_;
};

}  // namespace tersor::eval

#endif  // TERSOR_EVAL_NGRAM_H_
