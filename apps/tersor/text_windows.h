// Windows of text in a model's tokens.
#ifndef TERSOR_APPS_TERSOR_TEXT_WINDOWS_H_
#define TERSOR_APPS_TERSOR_TEXT_WINDOWS_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "tersor/data/document.h"
#include "tersor/io/tokenizer.h"

namespace tersor::cli {

struct WindowSource {
  std::string model;              // folder with the tokenizer
  std::vector<std::string> data;  // as ReadNamedText()
  std::string split, cache;
};

/// Windows that do not overlap, spread over the text at random by `seed`: int64 [count, length].
/// Throws Error where the text is too short, saying how many tokens are needed.
at::Tensor TextWindows(const WindowSource& source, int64_t count, int64_t length, uint64_t seed);

/// Texts of at most so many tokens, the one before a text included, whose records are asked for at
/// their end (data/retrieval.h).
std::vector<data::Document> RetrievalTexts(const io::Tokenizer& tokenizer, int64_t tokens,
                                           int64_t count, uint64_t seed);

}  // namespace tersor::cli

#endif  // TERSOR_APPS_TERSOR_TEXT_WINDOWS_H_
