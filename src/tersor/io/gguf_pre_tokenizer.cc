#include "tersor/io/gguf_pre_tokenizer.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "tersor/io/pre_tokenizer.h"
#include "tersor/util/error.h"
#include "tersor/util/quoted.h"

namespace tersor::io {
namespace {

// As the tokenizer.json files of Llama 3 and Qwen 2 hold them.
constexpr const char* kLlama3Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*)"
    R"(|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kQwen2Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*)"
    R"(|\s*[\r\n]+|\s+(?!\S)|\s+)";

struct Kind {
  std::string_view name;
  const char* pattern;
  bool compose;        // NFC
  bool ignore_merges;  // a word that is a token is that token
  bool adds_bos;       // unless the file says otherwise
  std::array<std::string_view, 3> other_names;
};

const std::array<Kind, 4>& Kinds() {
  static const std::array<Kind, 4> kinds = {
      Kind{"gpt-2", kGpt2Pattern, false, false, false, {"phi-2", "gigachat", "roberta-bpe"}},
      Kind{"llama-bpe", kLlama3Pattern, false, true, true, {"llama3", "llama-v3", "falcon3"}},
      Kind{"smaug-bpe", kLlama3Pattern, false, false, false, {"dbrx"}},
      Kind{"qwen2", kQwen2Pattern, true, false, false, {"deepseek-r1-qwen"}}};
  return kinds;
}

}  // namespace

std::string GgufPreTokenizer(const BpeDefinition& definition, const std::string& source) {
  for (const Kind& kind : Kinds()) {
    if (definition.patterns == std::vector<std::string>{kind.pattern} &&
        definition.ignore_merges == kind.ignore_merges) {
      return std::string(kind.name);
    }
  }
  Fail(source,
       ": GGUF has no name for this pre-tokenizer that tersor knows; supported: those of "
       "GPT-2, Llama 3 and Qwen 2");
}

void SetPreTokenizer(const std::string& name, const std::string& source,
                     BpeDefinition& definition) {
  for (const Kind& kind : Kinds()) {
    const bool other =
        std::find(kind.other_names.begin(), kind.other_names.end(), name) != kind.other_names.end();
    if (name == kind.name || (other && !name.empty())) {
      definition.byte_level = true;
      definition.patterns = {kind.pattern};
      definition.compose = kind.compose;
      definition.ignore_merges = kind.ignore_merges;
      definition.adds_bos = kind.adds_bos;
      return;
    }
  }
  Fail(source, ": pre-tokenizer ", Quoted(name),
       " is not supported; supported: gpt-2, llama-bpe, smaug-bpe, qwen2");
}

}  // namespace tersor::io
