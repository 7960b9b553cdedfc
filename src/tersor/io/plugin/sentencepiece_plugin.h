// The two halves of the plugin; see io/sentencepiece.h.
#ifndef TERSOR_IO_PLUGIN_SENTENCEPIECE_PLUGIN_H_
#define TERSOR_IO_PLUGIN_SENTENCEPIECE_PLUGIN_H_

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "tersor/io/tokenizer.h"

namespace tersor::io::plugin {

std::shared_ptr<const Tokenizer> Load(const std::string& path);
void Train(std::span<const std::string_view> documents, const TokenizerTraining& options,
           const std::string& folder);

}  // namespace tersor::io::plugin

#endif  // TERSOR_IO_PLUGIN_SENTENCEPIECE_PLUGIN_H_
