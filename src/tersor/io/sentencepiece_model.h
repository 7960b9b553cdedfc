// What a tokenizer.model (sentencepiece's protobuf) says: its pieces, with scores and kinds.
// Read here from the wire format, a page of code, and not through Google's library: that shows
// neither the kind of model nor its text rules without the headers of its own protobuf, which
// clashes with libtorch's (io/sentencepiece.h).
#ifndef TERSOR_IO_SENTENCEPIECE_MODEL_H_
#define TERSOR_IO_SENTENCEPIECE_MODEL_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tersor::io {

/// Numbers as sentencepiece and GGUF store them.
enum class PieceKind : int32_t {
  kNormal = 1,
  kUnknown = 2,
  kControl = 3,
  kUserDefined = 4,
  kUnused = 5,
  kByte = 6,
};

struct ScoredPiece {
  std::string text;
  float score = 0;
  PieceKind kind = PieceKind::kNormal;
};

struct SentencePieceModel {
  enum class Type : int32_t { kUnigram = 1, kBpe = 2, kWord = 3, kChar = 4 } type = Type::kUnigram;
  std::vector<ScoredPiece> pieces;
  bool add_dummy_prefix = true;          // one space before every text
  bool remove_extra_whitespaces = true;  // runs of spaces become one
  bool rewrites_characters = false;      // such as NFKC
};

/// Parses a whole tokenizer.model. Throws Error naming `source`: truncated or damaged, no pieces, a
/// piece of unknown kind.
SentencePieceModel ParseSentencePieceModel(std::string_view bytes, const std::string& source);

}  // namespace tersor::io

#endif  // TERSOR_IO_SENTENCEPIECE_MODEL_H_
