// The two kinds of BPE tokenizers, their definitions, and the files that hold those.
#ifndef TERSOR_IO_BPE_TOKENIZER_H_
#define TERSOR_IO_BPE_TOKENIZER_H_

#include <memory>
#include <string>

#include "tersor/io/bpe_definition.h"
#include "tersor/io/tokenizer.h"

namespace tersor::io {

/// The definition in a tokenizer.json, or in vocab.json and merges.txt of a folder, with what the
/// JSON files beside it say about special tokens. Throws Error naming the file.
BpeDefinition ReadBpeDefinition(const std::string& path);
BpeDefinition ReadVocabAndMerges(const std::string& folder);

/// Byte-level BPE: words cut by patterns, every byte a token. Throws Error naming `source`: ids
/// with a hole or twice, merges of unknown tokens, missing bytes, an invalid pattern.
std::shared_ptr<const Tokenizer> MakeByteLevelBpe(const BpeDefinition& definition,
                                                  const std::string& source);

/// A sentencepiece BPE vocabulary with `definition.space_marks` and byte fallback, as a
/// tokenizer.json of Llama 2 or Mistral holds it. Throws Error naming `source`, for the same
/// causes.
std::shared_ptr<const Tokenizer> MakeSpaceMarkBpe(const BpeDefinition& definition,
                                                  const std::string& source);

}  // namespace tersor::io

#endif  // TERSOR_IO_BPE_TOKENIZER_H_
