// Chat templates of our own for models that bring none.
#ifndef TERSOR_IO_NAMED_TEMPLATES_H_
#define TERSOR_IO_NAMED_TEMPLATES_H_

#include <span>
#include <string_view>

namespace tersor::io {

/// `bos` and `eos` are what the format takes where the tokenizer does not say.
struct NamedTemplate {
  std::string_view name, text, bos, eos;
};
std::span<const NamedTemplate> NamedTemplates();

}  // namespace tersor::io

#endif  // TERSOR_IO_NAMED_TEMPLATES_H_
