#include "tersor/eval/ngram.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "tersor/util/error.h"
#include "tersor/util/parallel_for.h"

namespace tersor::eval {
namespace {

constexpr int kTokenBits = 16;
constexpr int kLongest = 8;  // tokens that a 128-bit key holds

size_t DiscountIndex(uint32_t count) { return std::min<uint32_t>(count, 3) - 1; }

/// Chen and Goodman's estimates from the numbers of n-grams that occur once to four times. Where a
/// tiny text leaves one of these at zero, the discount is what absolute discounting would take.
std::array<double, 3> Discounts(const std::vector<uint32_t>& counts) {
  std::array<double, 5> n{};
  for (const uint32_t count : counts) {
    if (count <= 4) {
      ++n[count];
    }
  }
  const double y = n[1] + 2 * n[2] > 0 ? n[1] / (n[1] + 2 * n[2]) : 0.5;
  std::array<double, 3> discounts{};
  for (size_t i = 1; i <= 3; ++i) {
    const double estimate =
        n[i] > 0 ? static_cast<double>(i) - static_cast<double>(i + 1) * y * n[i + 1] / n[i] : y;
    discounts[i - 1] = std::clamp(estimate, 0.0, static_cast<double>(i));
  }
  return discounts;
}

}  // namespace

NgramModel::NgramModel(std::span<const int32_t> stream, int order, int64_t vocab)
    : vocab_(static_cast<double>(vocab)) {
  TERSOR_CHECK(order >= 1 && order <= kLongest, "an n-gram model's order must be in 1 .. ",
               kLongest);
  TERSOR_CHECK(std::ssize(stream) >= order, "the text has ", stream.size(),
               " tokens, too few for an n-gram model of order ", order);
  std::vector<Key> occurrences;
  occurrences.reserve(stream.size());
  const Key mask = order == kLongest ? ~Key{0} : (Key{1} << (kTokenBits * order)) - 1;
  Key key = 0;
  for (size_t i = 0; i < stream.size(); ++i) {
    TERSOR_CHECK(stream[i] >= 0 && stream[i] < vocab && stream[i] < 1 << kTokenBits, "token id ",
                 stream[i], " does not fit an n-gram model of ", vocab, " tokens");
    key = (key << kTokenBits | static_cast<Key>(stream[i])) & mask;
    if (i + 1 >= static_cast<size_t>(order)) {
      occurrences.push_back(key);
    }
  }
  orders_.resize(static_cast<size_t>(order));
  for (int n = order; n >= 1; --n) {
    const Order& counted = orders_[static_cast<size_t>(n - 1)] = Count(std::move(occurrences));
    // One order down, an n-gram counts once for each different token before it.
    const Key suffix = (Key{1} << (kTokenBits * (n - 1))) - 1;
    occurrences.clear();
    for (const Key type : counted.keys) {
      occurrences.push_back(type & suffix);
    }
  }
}

NgramModel::Order NgramModel::Count(std::vector<Key> occurrences) {
  std::sort(occurrences.begin(), occurrences.end());
  Order order;
  for (size_t first = 0; first < occurrences.size();) {
    size_t last = first;
    while (last < occurrences.size() && occurrences[last] == occurrences[first]) {
      ++last;
    }
    order.keys.push_back(occurrences[first]);
    order.counts.push_back(static_cast<uint32_t>(last - first));
    first = last;
  }
  order.discounts = Discounts(order.counts);
  for (size_t i = 0; i < order.keys.size(); ++i) {
    const Key context = order.keys[i] >> kTokenBits;
    if (order.contexts.empty() || order.contexts.back().key != context) {
      order.contexts.push_back({context, 0, {}});
    }
    order.contexts.back().total += order.counts[i];
    ++order.contexts.back().types[DiscountIndex(order.counts[i])];
  }
  return order;
}

double NgramModel::Probability(std::span<const int32_t> context, int32_t token) const {
  const size_t most = orders_.size() - 1;
  const size_t used = std::min(context.size(), most);
  return Probability(context.last(used), token, used + 1);
}

/// Order `length`: (c - D(c)) / total + left-over mass · the order below; a context never seen
/// leaves everything to the order below, and below one token all are equally likely.
double NgramModel::Probability(std::span<const int32_t> context, int32_t token,
                               size_t length) const {
  if (length == 0) {
    return 1 / vocab_;
  }
  const double below =
      Probability(context.empty() ? context : context.subspan(1), token, length - 1);
  const Order& order = orders_[length - 1];
  Key history = 0;
  for (const int32_t id : context) {
    history = history << kTokenBits | static_cast<Key>(id);
  }
  const auto seen = std::lower_bound(order.contexts.begin(), order.contexts.end(), history,
                                     [](const Context& c, Key k) { return c.key < k; });
  if (seen == order.contexts.end() || seen->key != history) {
    return below;
  }
  double left_over = 0;
  for (size_t i = 0; i < 3; ++i) {
    left_over += order.discounts[i] * seen->types[i];
  }
  const Key key = history << kTokenBits | static_cast<Key>(token);
  const auto found = std::lower_bound(order.keys.begin(), order.keys.end(), key);
  double kept = 0;
  if (found != order.keys.end() && *found == key) {
    const uint32_t count = order.counts[static_cast<size_t>(found - order.keys.begin())];
    kept = count - order.discounts[DiscountIndex(count)];
  }
  return (kept + left_over * below) / seen->total;
}

double NgramModel::NegativeLogLikelihood(std::span<const int32_t> stream) const {
  constexpr int64_t kChunk = 4096;
  const auto size = static_cast<int64_t>(stream.size());
  std::vector<double> sums(static_cast<size_t>(size / kChunk + 1));
  ParallelFor(0, std::ssize(sums), 1, [&](int64_t first, int64_t last) {
    for (int64_t chunk = first; chunk < last; ++chunk) {
      const int64_t end = std::min((chunk + 1) * kChunk, size);
      for (int64_t i = std::max<int64_t>(1, chunk * kChunk); i < end; ++i) {
        sums[static_cast<size_t>(chunk)] -= std::log(
            Probability(stream.first(static_cast<size_t>(i)), stream[static_cast<size_t>(i)]));
      }
    }
  });
  double total = 0;
  for (const double sum : sums) {
    total += sum;
  }
  return total;
}

}  // namespace tersor::eval
