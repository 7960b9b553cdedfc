#include "tersor/io/scored_bpe.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <queue>
#include <string_view>
#include <utility>

#include "tersor/io/added_tokens.h"
#include "tersor/io/space_mark.h"
#include "tersor/util/error.h"
#include "tersor/util/quoted.h"
#include "tersor/util/text_map.h"
#include "tersor/util/utf8.h"

namespace tersor::io {
namespace {

constexpr std::string_view kUnknownText = " \xe2\x81\x87 ";  // what sentencepiece prints for <unk>
constexpr int32_t kNone = -1;

/// A run of the word's bytes; a linked list over all of them. Empty once merged into the left one.
struct Symbol {
  size_t start, length;
  int32_t previous, next;
};

/// Two neighbours that make a piece. Stale once their lengths no longer add up to it.
struct Candidate {
  float score;
  int32_t left, right;
  size_t length;

  bool operator<(const Candidate& other) const {
    return score < other.score || (score == other.score && left > other.left);
  }
};

class ScoredBpe : public Tokenizer {
 public:
  ScoredBpe(const ScoredVocabulary& vocabulary, const std::string& source)
      : bos_(vocabulary.bos),
        eos_(vocabulary.eos),
        adds_bos_(vocabulary.adds_bos),
        add_space_prefix_(vocabulary.add_space_prefix),
        source_(source) {
    CheckIds(vocabulary);
    byte_token_.fill(kNone);
    std::vector<AddedToken> matched;
    for (size_t i = 0; i < vocabulary.pieces.size(); ++i) {
      Add(vocabulary.pieces[i], static_cast<int32_t>(i), matched);
    }
    TERSOR_CHECK(unknown_ != kNone ||
                     std::find(byte_token_.begin(), byte_token_.end(), kNone) == byte_token_.end(),
                 source_, ": the vocabulary has neither all 256 bytes nor an unknown token");
    matcher_ = AddedTokenMatcher(std::move(matched));
  }

  std::vector<int32_t> Encode(std::string_view text, bool parse_special) const override {
    std::vector<int32_t> ids;
    TextMap<std::vector<int32_t>> words;
    matcher_.Split(
        text, parse_special, [&](std::string_view plain) { EncodePlain(plain, words, ids); },
        [&](const AddedToken& token) { ids.push_back(token.id); });
    return ids;
  }

  std::string Decode(std::span<const int32_t> ids) const override {
    std::string text;
    for (const int32_t id : ids) {
      text += TokenBytes(id);
    }
    return add_space_prefix_ && text.starts_with(' ') ? text.substr(1) : text;
  }

  std::string TokenBytes(int32_t id) const override {
    TERSOR_CHECK(id >= 0 && id < vocab_size(), source_, ": token id ", id,
                 " is outside the vocabulary of ", vocab_size());
    return bytes_[static_cast<size_t>(id)];
  }

  int64_t vocab_size() const override { return static_cast<int64_t>(bytes_.size()); }
  std::optional<int32_t> bos_id() const override { return bos_; }
  std::optional<int32_t> eos_id() const override { return eos_; }
  bool adds_bos() const override { return adds_bos_ && bos_.has_value(); }

 private:
  struct Mergeable {
    int32_t id;
    float score;
    bool unused;
  };
  /// How unused pieces of one word came about; they are taken apart again in the end.
  using Origins = TextMap<std::pair<std::string_view, std::string_view>>;

  void CheckIds(const ScoredVocabulary& vocabulary) const {
    const auto size = static_cast<int64_t>(vocabulary.pieces.size());
    TERSOR_CHECK(size > 0, source_, ": the vocabulary is empty");
    for (const std::optional<int32_t>& id : {vocabulary.bos, vocabulary.eos}) {
      TERSOR_CHECK(!id || (*id >= 0 && *id < size), source_, ": token id ", *id,
                   " is outside the vocabulary of ", size);
    }
  }

  void Add(const ScoredPiece& piece, int32_t id, std::vector<AddedToken>& matched) {
    TERSOR_CHECK(!std::isnan(piece.score), source_, ": token ", Quoted(piece.text),
                 " has a score that is no number");
    std::string bytes = UnmarkSpaces(piece.text);
    const bool special = piece.kind == PieceKind::kControl;
    if (piece.kind == PieceKind::kByte) {
      const std::optional<uint8_t> byte = ByteOfSpelling(piece.text);
      TERSOR_CHECK(byte, source_, ": token ", Quoted(piece.text), " is no byte such as '<0x0A>'");
      byte_token_[*byte] = id;
      bytes = std::string(1, static_cast<char>(*byte));
    } else if (piece.kind == PieceKind::kUnknown) {
      unknown_ = unknown_ == kNone ? id : unknown_;
      bytes = kUnknownText;
    } else if (special || piece.kind == PieceKind::kUserDefined) {
      TERSOR_CHECK(!piece.text.empty(), source_, ": token ", id, " is empty");
      matched.push_back({.content = bytes, .id = id, .special = special});
    }
    const bool unused = piece.kind == PieceKind::kUnused;
    if (unused || piece.kind == PieceKind::kNormal) {
      const bool fresh = pieces_.emplace(piece.text, Mergeable{id, piece.score, unused}).second;
      TERSOR_CHECK(fresh, source_, ": token ", Quoted(piece.text), " is there twice");
      words_stand_alone_ =
          words_stand_alone_ && NextMarkedWord(piece.text, 0) == std::string_view::npos;
    }
    bytes_.push_back(special ? std::string() : std::move(bytes));
  }

  /// Text without added tokens. `words` holds those met before in the same call.
  void EncodePlain(std::string_view text, TextMap<std::vector<int32_t>>& words,
                   std::vector<int32_t>& ids) const {
    const std::string marked =
        std::string(add_space_prefix_ ? kSpaceMark : "").append(MarkSpaces(text));
    for (std::string_view rest = marked; !rest.empty();) {
      const size_t end = words_stand_alone_ ? NextMarkedWord(rest, 1) : std::string_view::npos;
      const std::string_view word = rest.substr(0, end);
      auto found = words.find(word);
      if (found == words.end()) {
        found = words.emplace(word, EncodeWord(word)).first;
      }
      for (const int32_t id : found->second) {
        // sentencepiece gives one <unk> for a run of unknown characters.
        if (id != unknown_ || ids.empty() || ids.back() != unknown_) {
          ids.push_back(id);
        }
      }
      rest.remove_prefix(word.size());
    }
  }

  static std::vector<Symbol> Characters(std::string_view word) {
    std::vector<Symbol> symbols;
    for (size_t at = 0; at < word.size();) {
      const size_t length = std::max<size_t>(CharacterLength(word.substr(at)), 1);
      const auto index = static_cast<int32_t>(symbols.size());
      symbols.push_back({at, length, index - 1, index + 1});
      at += length;
    }
    symbols.back().next = kNone;
    return symbols;
  }

  std::vector<int32_t> EncodeWord(std::string_view word) const {
    std::vector<Symbol> symbols = Characters(word);
    std::priority_queue<Candidate> queue;
    Origins origins;
    const auto at = [&](int32_t i) -> Symbol& { return symbols[static_cast<size_t>(i)]; };
    const auto consider = [&](int32_t left, int32_t right) {
      if (left == kNone || right == kNone) {
        return;
      }
      const size_t length = at(left).length + at(right).length;
      const std::string_view text = word.substr(at(left).start, length);
      const auto found = pieces_.find(text);
      if (found != pieces_.end()) {
        queue.push({found->second.score, left, right, length});
        if (found->second.unused) {
          origins.insert_or_assign(std::string(text), std::pair(text.substr(0, at(left).length),
                                                                text.substr(at(left).length)));
        }
      }
    };
    for (int32_t i = 1; i < static_cast<int32_t>(symbols.size()); ++i) {
      consider(i - 1, i);
    }
    while (!queue.empty()) {
      const Candidate best = queue.top();
      queue.pop();
      Symbol &left = at(best.left), &right = at(best.right);
      if (left.length == 0 || right.length == 0 || left.length + right.length != best.length) {
        continue;
      }
      left.length = best.length;
      right.length = 0;
      left.next = right.next;
      if (right.next != kNone) {
        at(right.next).previous = best.left;
      }
      consider(left.previous, best.left);
      consider(best.left, left.next);
    }
    std::vector<int32_t> ids;
    for (int32_t i = 0; i != kNone; i = at(i).next) {
      Emit(word.substr(at(i).start, at(i).length), origins, ids);
    }
    return ids;
  }

  void Emit(std::string_view text, const Origins& origins, std::vector<int32_t>& ids) const {
    const auto found = pieces_.find(text);
    if (found == pieces_.end()) {
      EmitUnknown(text, ids);
      return;
    }
    const auto origin = found->second.unused ? origins.find(text) : origins.end();
    if (origin == origins.end()) {
      ids.push_back(found->second.id);
      return;
    }
    Emit(origin->second.first, origins, ids);
    Emit(origin->second.second, origins, ids);
  }

  void EmitUnknown(std::string_view character, std::vector<int32_t>& ids) const {
    const bool spelled = std::all_of(character.begin(), character.end(), [&](char c) {
      return byte_token_[static_cast<unsigned char>(c)] != kNone;
    });
    if (!spelled) {
      ids.push_back(unknown_);
      return;
    }
    for (const char c : character) {
      ids.push_back(byte_token_[static_cast<unsigned char>(c)]);
    }
  }

  std::optional<int32_t> bos_, eos_;
  bool adds_bos_, add_space_prefix_;
  std::string source_;
  std::vector<std::string> bytes_;  // by id; empty for control tokens
  TextMap<Mergeable> pieces_;
  bool words_stand_alone_ = true;  // no piece reaches over the start of a marked word
  std::array<int32_t, 256> byte_token_{};
  int32_t unknown_ = kNone;
  AddedTokenMatcher matcher_;
};

}  // namespace

std::shared_ptr<const Tokenizer> MakeScoredBpe(const ScoredVocabulary& vocabulary,
                                               const std::string& source) {
  return std::make_shared<ScoredBpe>(vocabulary, source);
}

}  // namespace tersor::io
