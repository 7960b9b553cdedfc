// Patterns that cut text into words, by the names that GGUF has for them ("tokenizer.ggml.pre").
#ifndef TERSOR_IO_GGUF_PRE_TOKENIZER_H_
#define TERSOR_IO_GGUF_PRE_TOKENIZER_H_

#include <string>

#include "tersor/io/bpe_definition.h"

namespace tersor::io {

/// The name for a byte-level definition's patterns: "gpt-2", "llama-bpe" (Llama 3), "smaug-bpe"
/// (the same without `ignore_merges`) or "qwen2". Throws Error naming `source` for any others.
std::string GgufPreTokenizer(const BpeDefinition& definition, const std::string& source);

/// Sets patterns, NFC, whole words and the default of `adds_bos` as llama.cpp has them for a name.
/// Throws Error naming `source`, listing the names that are known.
void SetPreTokenizer(const std::string& name, const std::string& source, BpeDefinition& definition);

}  // namespace tersor::io

#endif  // TERSOR_IO_GGUF_PRE_TOKENIZER_H_
