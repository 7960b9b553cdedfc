// Conversations as prompts of a model: its chat template and its tokenizer.
#ifndef TERSOR_APPS_TERSOR_CHAT_PROMPT_H_
#define TERSOR_APPS_TERSOR_CHAT_PROMPT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "tersor/io/chat_template.h"
#include "tersor/runtime/engine.h"
#include "tersor/util/json.h"

namespace tersor::cli {

class ChatPrompt {
 public:
  /// `choice`: the name of a built-in template, a file, or "" for the model's own (a model without
  /// one gets "plain"). Throws Error for a file that cannot be read or is no template.
  ChatPrompt(const runtime::Engine& engine, const std::string& choice);

  /// Tokens of messages [{role, content}, ...] up to where the answer begins.
  std::vector<int32_t> Encode(const Json& messages) const;

 private:
  const runtime::Engine& engine_;
  io::ChatTemplate template_;
};

}  // namespace tersor::cli

#endif  // TERSOR_APPS_TERSOR_CHAT_PROMPT_H_
