#include "tersor/data/retrieval.h"

#include <algorithm>
#include <array>
#include <unordered_set>
#include <utility>

#include "tersor/util/error.h"

namespace tersor::data {
namespace {

constexpr std::array<std::string_view, 32> kAdjectives = {
    "amber",  "brave",  "calm",   "dusty", "eager",  "faint",  "gentle", "hollow",
    "icy",    "jolly",  "keen",   "lofty", "mild",   "narrow", "olive",  "proud",
    "quiet",  "rapid",  "silver", "tall",  "upper",  "vivid",  "warm",   "yellow",
    "bitter", "copper", "double", "early", "frozen", "golden", "heavy",  "inner"};
constexpr std::array<std::string_view, 32> kNouns = {
    "anchor", "bridge", "candle", "drum",    "engine",   "falcon",  "garden",  "hammer",
    "island", "jacket", "kettle", "ladder",  "mirror",   "needle",  "orange",  "pillar",
    "quarry", "river",  "saddle", "tunnel",  "umbrella", "valley",  "window",  "yard",
    "basket", "castle", "desert", "feather", "glacier",  "harbour", "lantern", "meadow"};
constexpr uint64_t kNames = kAdjectives.size() * kNouns.size();  // and as many codes
// After a paragraph. Text of records alone would be no text, a record a page is learned too slowly.
constexpr uint64_t kMostRecords = 32;

struct Entry {
  std::string name, code;
};

/// Draws from one stream, one after another.
class Draws {
 public:
  explicit Draws(const Rng& rng) : rng_(rng) {}
  uint64_t Below(uint64_t bound) { return rng_.Below(next_++, bound); }
  double Uniform() { return rng_.Uniform(next_++); }

 private:
  Rng rng_;
  uint64_t next_ = 0;
};

/// Names and codes, none of them twice.
class FreshEntries {
 public:
  bool exhausted() const { return names_.size() == kNames; }

  Entry Next(Draws& draws) {
    const uint64_t name = Fresh(draws, names_), code = Fresh(draws, codes_);
    return {Adjective(name) + " " + Noun(name), Adjective(code) + " " + Noun(code)};
  }

 private:
  static std::string Adjective(uint64_t i) { return std::string(kAdjectives[i / kNouns.size()]); }
  static std::string Noun(uint64_t i) { return std::string(kNouns[i % kNouns.size()]); }

  static uint64_t Fresh(Draws& draws, std::unordered_set<uint64_t>& taken) {
    uint64_t value = draws.Below(kNames);
    while (!taken.insert(value).second) {
      value = (value + 1) % kNames;
    }
    return value;
  }
  std::unordered_set<uint64_t> names_, codes_;
};

std::string Line(const Entry& entry) { return entry.name + " " + entry.code + "\n"; }

}  // namespace

Document MakeRetrieval(const std::vector<std::string_view>& paragraphs,
                       const RetrievalOptions& options, const Rng& rng) {
  TERSOR_CHECK(!paragraphs.empty() && options.queries >= 1,
               "retrieval needs prose, and at least one query");
  const auto measure = [&](std::string_view text) {
    return options.measure ? options.measure(text) : static_cast<int64_t>(text.size());
  };
  Draws draws(rng);
  FreshEntries fresh;
  std::vector<Entry> given;
  Document document;
  // The lines at the end are about as long as the longest.
  int64_t room =
      options.size - options.queries * measure(Line({"golden umbrella", "golden umbrella"}));
  const auto next = [&]() -> const Entry* {
    const bool repeats = fresh.exhausted() || (std::ssize(given) >= options.queries &&
                                               draws.Uniform() < options.repeated);
    if (repeats) {
      return &given[draws.Below(given.size())];
    }
    return &given.emplace_back(fresh.Next(draws));
  };
  const auto add = [&](const std::string& piece) {
    room -= measure(piece);
    document.text += room < 0 ? "" : piece;
    return room >= 0;
  };
  while (add((document.text.empty() ? "" : "\n") +
             std::string(paragraphs[draws.Below(paragraphs.size())]) + "\n\n")) {
    for (uint64_t records = 1 + draws.Below(kMostRecords); records > 0 && room > 0; --records) {
      const size_t before = given.size();
      if (!add(Line(*next()))) {
        given.resize(before);
      }
    }
  }
  TERSOR_CHECK(std::ssize(given) >= options.queries, "a text of size ", options.size,
               " has room for ", given.size(), " records, not for the ", options.queries,
               " that are asked for");
  for (int64_t i = 0; i < options.queries; ++i) {
    const auto at = static_cast<size_t>(i);
    std::swap(given[at], given[at + draws.Below(given.size() - at)]);
    document.text += Line(given[at]);
    const auto end = static_cast<int64_t>(document.text.size()) - 1;  // before the line's end
    document.loss_spans.emplace_back(end - static_cast<int64_t>(given[at].code.size()), end);
  }
  return document;
}

std::vector<std::string_view> ProseParagraphs(const std::vector<Document>& documents) {
  constexpr size_t kShortest = 40, kLongest = 600;
  std::vector<std::string_view> paragraphs;
  for (const Document& document : documents) {
    const std::string_view text = document.text;
    for (size_t begin = 0; begin < text.size();) {
      const size_t end = std::min(text.find("\n\n", begin), text.size());
      if (end - begin >= kShortest && end - begin <= kLongest) {
        paragraphs.push_back(text.substr(begin, end - begin));
      }
      begin = end + 2;
    }
  }
  return paragraphs;
}

}  // namespace tersor::data
