// sentencepiece models (tokenizer.model), through Google's library.
#ifndef TERSOR_IO_SENTENCEPIECE_TOKENIZER_H_
#define TERSOR_IO_SENTENCEPIECE_TOKENIZER_H_

#include <memory>
#include <string>

#include "tersor/io/tokenizer.h"

namespace tersor::io {

/// Loads one tokenizer.model. Throws Error naming the file.
std::shared_ptr<const Tokenizer> LoadSentencePiece(const std::string& path);

}  // namespace tersor::io

#endif  // TERSOR_IO_SENTENCEPIECE_TOKENIZER_H_
