// Which program runs a verb, and what the verb does in a few words.
#ifndef TERSOR_APPS_TERSOR_VERB_TABLE_H_
#define TERSOR_APPS_TERSOR_VERB_TABLE_H_

#include <array>
#include <string_view>

namespace tersor::cli {

struct Verb {
  std::string_view name;
  std::string_view summary;
  bool needs_torch;
};

inline constexpr std::array kVerbs = {
    Verb{"train", "train a language model on text, or a classifier on images", true},
    Verb{"prune", "make weights zero, layer by layer as much as it bears", true},
    Verb{"attention", "find how sparse each head may attend", true},
    Verb{"eval", "measure a model: perplexity, bits per byte, multiple choice, accuracy", true},
    Verb{"generate", "continue a text with a model", false},
    Verb{"serve", "serve a model over OpenAI's HTTP interface", false},
    Verb{"twin", "simulate traffic and measure its safety", false},
    Verb{"export", "write a model as GGUF or safetensors in another type", false},
    Verb{"bench", "measure speed against a peer in the same run", true},
    Verb{"report", "draw result records as one offline HTML page", false},
    Verb{"reproduce", "run a method's recipes and report them", false},
};

}  // namespace tersor::cli

#endif  // TERSOR_APPS_TERSOR_VERB_TABLE_H_
