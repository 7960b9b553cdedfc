// Text to token ids and back: sentencepiece models, byte-level BPE (tokenizer.json), raw bytes.
#ifndef TERSOR_IO_TOKENIZER_H_
#define TERSOR_IO_TOKENIZER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tersor::io {

/// Immutable after loading; safe to use from several threads at once.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  /// Token ids of UTF-8 text, without beginning- or end-of-text tokens. `parse_special`: text such
  /// as "<|endoftext|>" becomes its token (chat templates) rather than plain text.
  virtual std::vector<int32_t> Encode(std::string_view text, bool parse_special = false) const = 0;

  /// Text of token ids; ids out of range throw Error. Control tokens decode to nothing.
  virtual std::string Decode(std::span<const int32_t> ids) const = 0;

  /// Bytes that one token stands for (possibly part of a UTF-8 character); what streaming prints.
  virtual std::string TokenBytes(int32_t id) const = 0;

  virtual int64_t vocab_size() const = 0;
  virtual std::optional<int32_t> bos_id() const = 0;
  virtual std::optional<int32_t> eos_id() const = 0;

  /// True where a prompt starts with `bos_id` as the checkpoint's users expect (llama, opt).
  virtual bool adds_bos() const = 0;
};

/// Loads the tokenizer of a model folder (tokenizer.model, else tokenizer.json, else raw bytes when
/// tokenizer_config.json says "ByteTokenizer"), or one such file. Throws Error: none there, a
/// vocabulary with a hole or duplicate ids, a merge of unknown tokens, an unsupported kind.
std::shared_ptr<const Tokenizer> LoadTokenizer(const std::string& path);

/// The 256 bytes as tokens 0..255, then <bos> 256 and <eos> 257.
std::shared_ptr<const Tokenizer> MakeByteTokenizer();

/// Loads one tokenizer.json; special tokens also come from tokenizer_config.json beside it.
std::shared_ptr<const Tokenizer> LoadBpeTokenizer(const std::string& path);

/// Loads the older layout of GPT-2 and OPT: vocab.json and merges.txt in one folder.
std::shared_ptr<const Tokenizer> LoadVocabAndMerges(const std::string& folder);

/// Parses a tokenizer.json; errors name `source`. (The entry point that is fuzzed.)
std::shared_ptr<const Tokenizer> ParseBpeTokenizer(std::string_view json,
                                                   const std::string& source);

/// Trains a sentencepiece BPE model with byte fallback on documents and writes
/// folder/tokenizer.model (and tokenizer_config.json). Deterministic. Throws Error.
struct TokenizerTraining {
  int64_t vocab_size = 4096;
  int64_t max_sample_bytes = 16 << 20;  // documents are sampled evenly down to this
};
void TrainSentencePiece(std::span<const std::string_view> documents,
                        const TokenizerTraining& options, const std::string& folder);

}  // namespace tersor::io

#endif  // TERSOR_IO_TOKENIZER_H_
