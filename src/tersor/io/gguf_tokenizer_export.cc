// A model folder's tokenizer as GGUF metadata, in the way that llama.cpp's own converter writes it.
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "tersor/io/bpe_tokenizer.h"
#include "tersor/io/byte_alphabet.h"
#include "tersor/io/gguf_pre_tokenizer.h"
#include "tersor/io/gguf_tokenizer.h"
#include "tersor/io/sentencepiece_model.h"
#include "tersor/io/special_tokens.h"
#include "tersor/util/error.h"
#include "tersor/util/file.h"
#include "tersor/util/json.h"
#include "tersor/util/log.h"
#include "tersor/util/quoted.h"
#include "tersor/util/utf8.h"

namespace tersor::io {
namespace {

bool Exists(const std::string& path) {
  std::error_code none;
  return std::filesystem::exists(path, none);
}

/// Everything that either kind of tokenizer writes.
struct Vocabulary {
  std::string source;
  std::vector<ScoredPiece> pieces;  // by id
  std::vector<std::string> merges;  // byte-level only
  std::string pre;                  // byte-level only
  bool add_space_prefix = false;
};

Vocabulary FromSentencePiece(const std::string& folder) {
  const std::string path = folder + "/tokenizer.model";
  SentencePieceModel model = ParseSentencePieceModel(ReadFile(path), path);
  TERSOR_CHECK(model.type == SentencePieceModel::Type::kBpe, path,
               ": only BPE models of sentencepiece can be written as GGUF for llama.cpp");
  if (model.rewrites_characters || model.remove_extra_whitespaces) {
    log::Warn("{}: llama.cpp does not rewrite text as this tokenizer does; some tokens may differ",
              path);
  }
  Vocabulary out{.source = path, .pieces = std::move(model.pieces), .merges = {}, .pre = {}};
  out.add_space_prefix = model.add_dummy_prefix;
  const auto pieces = static_cast<int64_t>(out.pieces.size());
  for (const AddedToken& token : ReadAddedTokens(folder)) {
    if (token.id < pieces) {
      continue;
    }
    TERSOR_CHECK(token.id == static_cast<int64_t>(out.pieces.size()), path, ": added token ",
                 Quoted(token.content), " has id ", token.id, " where ", out.pieces.size(),
                 " is next: the vocabulary has a hole");
    out.pieces.push_back(
        {token.content, 0, token.special ? PieceKind::kControl : PieceKind::kUserDefined});
  }
  return out;
}

Vocabulary FromDefinition(const BpeDefinition& definition, const std::string& source) {
  TERSOR_CHECK(!definition.space_marks, source,
               ": a tokenizer of this kind needs its tokenizer.model beside it, which has scores");
  Vocabulary out{.source = source, .pieces = {}, .merges = {}, .pre = {}};
  out.pre = GgufPreTokenizer(definition, source);
  out.add_space_prefix = definition.add_prefix_space;
  for (std::string& spelling : SpellingsById(definition, source)) {
    out.pieces.push_back({std::move(spelling), 0, PieceKind::kNormal});
  }
  for (const AddedToken& token : definition.added) {
    out.pieces[static_cast<size_t>(token.id)].kind =
        token.special ? PieceKind::kControl : PieceKind::kUserDefined;
  }
  for (const auto& [left, right] : definition.merges) {
    out.merges.push_back(left + " " + right);
  }
  return out;
}

/// Raw bytes are a byte-level vocabulary without merges, which any pattern leaves as it is. (Kind
/// "llama" would write spaces as U+2581.)
Vocabulary FromBytes(const std::string& folder) {
  Vocabulary out{.source = folder, .pieces = {}, .merges = {}, .pre = "gpt-2"};
  for (const uint32_t code : ByteAlphabet()) {
    std::string spelling;
    AppendUtf8(spelling, code);
    out.pieces.push_back({spelling, 0, PieceKind::kNormal});
  }
  out.pieces.push_back({"<bos>", 0, PieceKind::kControl});
  // llama.cpp warns about ends of text whose name it does not know.
  out.pieces.push_back({"<|endoftext|>", 0, PieceKind::kControl});
  return out;
}

/// Looks in the order of `LoadTokenizer`.
Vocabulary ReadVocabulary(const std::string& folder) {
  if (Exists(folder + "/tokenizer.model")) {
    return FromSentencePiece(folder);
  }
  if (Exists(folder + "/tokenizer.json")) {
    return FromDefinition(ReadBpeDefinition(folder + "/tokenizer.json"),
                          folder + "/tokenizer.json");
  }
  if (Exists(folder + "/vocab.json")) {
    return FromDefinition(ReadVocabAndMerges(folder), folder + "/vocab.json");
  }
  return FromBytes(folder);
}

/// The embedding may have more rows than there are tokens; llama.cpp counts the latter.
void FillUp(Vocabulary& vocabulary, int64_t size) {
  const auto tokens = static_cast<int64_t>(vocabulary.pieces.size());
  TERSOR_CHECK(tokens <= size, vocabulary.source, ": has ", tokens,
               " tokens, but the model's vocab_size is ", size);
  for (int64_t id = tokens; id < size; ++id) {
    vocabulary.pieces.push_back({"[PAD" + std::to_string(id) + "]", -1e4F, PieceKind::kUnused});
  }
}

void SetPieces(const Vocabulary& vocabulary, GgufMetadata& out) {
  std::vector<std::string> texts;
  std::vector<float> scores;
  std::vector<int32_t> kinds;
  for (const ScoredPiece& piece : vocabulary.pieces) {
    texts.push_back(piece.text);
    scores.push_back(piece.score);
    kinds.push_back(static_cast<int32_t>(piece.kind));
  }
  const bool byte_level = !vocabulary.pre.empty();
  out.Set("tokenizer.ggml.model", GgufValue::String(byte_level ? "gpt2" : "llama"));
  if (byte_level) {
    out.Set("tokenizer.ggml.pre", GgufValue::String(vocabulary.pre));
  }
  out.Set("tokenizer.ggml.tokens", GgufValue::Strings(texts));
  if (!byte_level) {
    out.Set("tokenizer.ggml.scores", GgufValue::Float32s(scores));
  }
  out.Set("tokenizer.ggml.token_type", GgufValue::Int32s(kinds));
  if (byte_level) {
    out.Set("tokenizer.ggml.merges", GgufValue::Strings(vocabulary.merges));
  }
}

void SetId(const char* key, std::optional<int64_t> id, int64_t size, GgufMetadata& out) {
  if (id && *id >= 0 && *id < size) {
    out.Set(key, GgufValue::Uint32(static_cast<uint32_t>(*id)));
  }
}

std::optional<int64_t> UnknownId(const std::vector<ScoredPiece>& pieces) {
  for (size_t id = 0; id < pieces.size(); ++id) {
    if (pieces[id].kind == PieceKind::kUnknown) {
      return static_cast<int64_t>(id);
    }
  }
  return std::nullopt;
}

/// What tokenizer_config.json says beyond what a Tokenizer knows.
void SetCompanions(const std::string& folder, GgufMetadata& out) {
  bool adds_eos = false;
  const std::string path = folder + "/tokenizer_config.json";
  if (Exists(path)) {
    const Json json = ReadJsonFile(path);
    TERSOR_CHECK(json.is_object(), path, ": not a JSON object");
    adds_eos = json.contains("add_eos_token") && json["add_eos_token"] == true;
    if (json.contains("chat_template") && json["chat_template"].is_string()) {
      out.Set("tokenizer.chat_template",
              GgufValue::String(json["chat_template"].get<std::string>()));
    }
  }
  out.Set("tokenizer.ggml.add_eos_token", GgufValue::Bool(adds_eos));
}

}  // namespace

void SetGgufTokenizer(const std::string& folder, const ModelConfig& config,
                      GgufMetadata& metadata) {
  const auto tokenizer = LoadTokenizer(folder);  // refuses what is broken
  Vocabulary vocabulary = ReadVocabulary(folder);
  FillUp(vocabulary, config.vocab_size);
  SetPieces(vocabulary, metadata);
  SetId("tokenizer.ggml.bos_token_id", tokenizer->bos_id(), config.vocab_size, metadata);
  SetId("tokenizer.ggml.eos_token_id", tokenizer->eos_id(), config.vocab_size, metadata);
  SetId("tokenizer.ggml.unknown_token_id", UnknownId(vocabulary.pieces), config.vocab_size,
        metadata);
  SetId("tokenizer.ggml.padding_token_id", config.pad_token_id, config.vocab_size, metadata);
  metadata.Set("tokenizer.ggml.add_bos_token", GgufValue::Bool(tokenizer->adds_bos()));
  metadata.Set("tokenizer.ggml.add_space_prefix", GgufValue::Bool(vocabulary.add_space_prefix));
  SetCompanions(folder, metadata);
}

}  // namespace tersor::io
