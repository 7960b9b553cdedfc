// Tokenizers inside GGUF files: "llama" (sentencepiece BPE) and "gpt2" (byte-level BPE).
#ifndef TERSOR_IO_GGUF_TOKENIZER_H_
#define TERSOR_IO_GGUF_TOKENIZER_H_

#include <memory>
#include <string>

#include "tersor/io/gguf_metadata.h"
#include "tersor/io/model_config.h"
#include "tersor/io/tokenizer.h"

namespace tersor::io {

/// The tokenizer of a model file's metadata. Throws Error naming the file and the key: another
/// kind, arrays of different lengths, a pre-tokenizer that is not known, a broken vocabulary.
std::shared_ptr<const Tokenizer> LoadGgufTokenizer(const GgufMetadata& metadata);

/// Sets the keys of a model folder's tokenizer, whichever `LoadTokenizer` would load. The list of
/// tokens is filled up to `config.vocab_size`, since llama.cpp takes the size of the embedding from
/// it. Throws Error naming the file: no tokenizer, more tokens than the model has, a kind or a
/// pattern for which GGUF has no name.
void SetGgufTokenizer(const std::string& folder, const ModelConfig& config, GgufMetadata& metadata);

}  // namespace tersor::io

#endif  // TERSOR_IO_GGUF_TOKENIZER_H_
