#include "tersor/io/gguf_tokenizer.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "tersor/io/bpe_tokenizer.h"
#include "tersor/io/gguf_pre_tokenizer.h"
#include "tersor/io/scored_bpe.h"
#include "tersor/util/error.h"
#include "tersor/util/quoted.h"

namespace tersor::io {
namespace {

constexpr const char* kTokens = "tokenizer.ggml.tokens";
constexpr const char* kScores = "tokenizer.ggml.scores";
constexpr const char* kTypes = "tokenizer.ggml.token_type";
constexpr const char* kMerges = "tokenizer.ggml.merges";

void CheckLength(const GgufMetadata& in, const char* key, size_t length, size_t tokens) {
  TERSOR_CHECK(length == tokens, in.source(), ": key ", Quoted(key), " has ", length,
               " entries for ", tokens, " tokens");
}

std::vector<ScoredPiece> ReadPieces(const GgufMetadata& in) {
  const std::vector<std::string> tokens = in.Strings(kTokens);
  TERSOR_CHECK(!tokens.empty() && tokens.size() <= 1 << 24, in.source(), ": key ", Quoted(kTokens),
               " has ", tokens.size(), " entries");
  std::vector<double> scores(tokens.size());
  std::vector<int64_t> types(tokens.size(), static_cast<int64_t>(PieceKind::kNormal));
  if (in.Has(kScores)) {
    scores = in.Numbers(kScores);
    CheckLength(in, kScores, scores.size(), tokens.size());
  }
  if (in.Has(kTypes)) {
    types = in.Ints(kTypes);
    CheckLength(in, kTypes, types.size(), tokens.size());
  }
  std::vector<ScoredPiece> pieces;
  for (size_t i = 0; i < tokens.size(); ++i) {
    TERSOR_CHECK(types[i] >= 1 && types[i] <= 6, in.source(), ": token ", Quoted(tokens[i]),
                 " is of unknown type ", types[i]);
    pieces.push_back({tokens[i], static_cast<float>(scores[i]), static_cast<PieceKind>(types[i])});
  }
  return pieces;
}

std::optional<int32_t> ReadId(const GgufMetadata& in, const char* key, size_t tokens) {
  if (!in.Has(key)) {
    return std::nullopt;
  }
  const int64_t id = in.Int(key);
  TERSOR_CHECK(id >= 0 && id < static_cast<int64_t>(tokens), in.source(), ": key ", Quoted(key),
               " is ", id, ", but there are ", tokens, " tokens");
  return static_cast<int32_t>(id);
}

std::shared_ptr<const Tokenizer> LoadScored(const GgufMetadata& in) {
  ScoredVocabulary vocabulary{.pieces = ReadPieces(in), .bos = {}, .eos = {}};
  const size_t size = vocabulary.pieces.size();
  vocabulary.bos = ReadId(in, "tokenizer.ggml.bos_token_id", size);
  vocabulary.eos = ReadId(in, "tokenizer.ggml.eos_token_id", size);
  vocabulary.adds_bos = in.Bool("tokenizer.ggml.add_bos_token", true);
  vocabulary.add_space_prefix = in.Bool("tokenizer.ggml.add_space_prefix", true);
  return MakeScoredBpe(vocabulary, in.source());
}

std::pair<std::string, std::string> ReadMerge(const std::string& line, const std::string& source) {
  const size_t space = line.find(' ', 1);
  TERSOR_CHECK(!line.empty() && space != std::string::npos && space + 1 < line.size(), source,
               ": merge ", Quoted(line), " is not two tokens");
  return {line.substr(0, space), line.substr(space + 1)};
}

std::shared_ptr<const Tokenizer> LoadByteLevel(const GgufMetadata& in) {
  BpeDefinition definition;
  SetPreTokenizer(in.String("tokenizer.ggml.pre", "default"), in.source(), definition);
  const std::vector<ScoredPiece> pieces = ReadPieces(in);
  for (size_t i = 0; i < pieces.size(); ++i) {
    const auto& [text, score, kind] = pieces[i];
    const auto id = static_cast<int32_t>(i);
    TERSOR_CHECK(!text.empty(), in.source(), ": token ", i, " is empty");
    TERSOR_CHECK(definition.vocab.emplace(text, id).second, in.source(), ": token ", Quoted(text),
                 " is there twice");
    if (kind == PieceKind::kControl || kind == PieceKind::kUserDefined) {
      definition.added.push_back(
          {.content = text, .id = id, .special = kind == PieceKind::kControl});
    }
  }
  for (const std::string& merge : in.Strings(kMerges)) {
    definition.merges.push_back(ReadMerge(merge, in.source()));
  }
  definition.bos = ReadId(in, "tokenizer.ggml.bos_token_id", pieces.size());
  definition.eos = ReadId(in, "tokenizer.ggml.eos_token_id", pieces.size());
  definition.adds_bos = in.Bool("tokenizer.ggml.add_bos_token", definition.adds_bos);
  definition.add_prefix_space = in.Bool("tokenizer.ggml.add_space_prefix", false);
  return MakeByteLevelBpe(definition, in.source());
}

}  // namespace

std::shared_ptr<const Tokenizer> LoadGgufTokenizer(const GgufMetadata& metadata) {
  const std::string model = metadata.String("tokenizer.ggml.model");
  if (model == "llama") {
    return LoadScored(metadata);
  }
  TERSOR_CHECK(model == "gpt2", metadata.source(), ": tokenizer ", Quoted(model),
               " is not supported; supported: llama, gpt2");
  return LoadByteLevel(metadata);
}

}  // namespace tersor::io
