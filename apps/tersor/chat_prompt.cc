#include "chat_prompt.h"

#include <filesystem>

#include "tersor/util/error.h"
#include "tersor/util/file.h"

namespace tersor::cli {
namespace {

io::ChatTemplate ChooseTemplate(const runtime::Engine& engine, const std::string& choice) {
  if (choice.empty()) {
    std::optional<io::ChatTemplate> own = engine.source().LoadChatTemplate();
    return own ? *std::move(own) : io::ChatTemplate::Named("plain");
  }
  if (std::filesystem::exists(choice)) {
    return io::ChatTemplate::Parse(ReadFile(choice), choice);
  }
  return io::ChatTemplate::Named(choice);
}

}  // namespace

ChatPrompt::ChatPrompt(const runtime::Engine& engine, const std::string& choice)
    : engine_(engine), template_(ChooseTemplate(engine, choice)) {}

std::vector<int32_t> ChatPrompt::Encode(const Json& messages) const {
  // Engine::Encode adds the beginning-of-text token unless the template wrote it.
  return engine_.Encode(template_.Render(messages, /*add_generation_prompt=*/true),
                        /*parse_special=*/true);
}

}  // namespace tersor::cli
