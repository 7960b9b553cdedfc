// sentencepiece models (tokenizer.model), through Google's library.
#ifndef TERSOR_IO_SENTENCEPIECE_H_
#define TERSOR_IO_SENTENCEPIECE_H_

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "tersor/io/tokenizer.h"

namespace tersor::io {

/// Loads one tokenizer.model. Throws Error naming the file.
std::shared_ptr<const Tokenizer> LoadSentencePiece(const std::string& path);

/// What the plugin exports. libsentencepiece exports symbols of a protobuf of its own, which would
/// replace those of the protobuf that libtorch brings; so it is loaded at run time into a scope of
/// its own instead of being linked.
struct SentencePiecePlugin {
  std::shared_ptr<const Tokenizer> (*load)(const std::string& path);
  void (*train)(std::span<const std::string_view> documents, const TokenizerTraining& options,
                const std::string& folder);
};
inline constexpr const char* kSentencePieceEntry = "tersor_sentencepiece_plugin";
using SentencePieceEntry = void (*)(SentencePiecePlugin*);

}  // namespace tersor::io

#endif  // TERSOR_IO_SENTENCEPIECE_H_
