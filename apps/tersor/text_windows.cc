#include "text_windows.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "tersor/data/corpus.h"
#include "tersor/data/retrieval.h"
#include "tersor/data/token_file.h"
#include "tersor/util/error.h"
#include "tersor/util/rng.h"
#include "text_source.h"

namespace tersor::cli {
namespace {

/// Of a retrieval text's tokens, those that its pieces have more when they are joined, and the one
/// before the text.
constexpr int64_t kTokensAround = 64;
constexpr int64_t kTokensPerQuery = 128;

}  // namespace

at::Tensor TextWindows(const WindowSource& source, int64_t count, int64_t length, uint64_t seed) {
  const data::TokenFile tokens = data::TokenFile::Build(
      ReadNamedText(source.data, source.split), *io::LoadTokenizer(source.model),
      TokenizerIdentity(source.model), source.cache);
  TERSOR_CHECK(tokens.size() >= count * length, "the text has ", tokens.size(), " tokens; ", count,
               " inputs of ", length, " need ", count * length,
               "; give more text or a smaller --length");
  const int64_t slack = tokens.size() / count - length;
  at::Tensor windows = at::empty({count, length}, at::kLong);
  const Rng rng(seed);
  for (int64_t i = 0; i < count; ++i) {
    const auto shift =
        static_cast<int64_t>(rng.Below(static_cast<uint64_t>(i), static_cast<uint64_t>(slack + 1)));
    const std::vector<int32_t> window = tokens.Tokens(i * (tokens.size() / count) + shift, length);
    std::copy(window.begin(), window.end(), windows.data_ptr<int64_t>() + i * length);
  }
  return windows;
}

std::vector<data::Document> RetrievalTexts(const io::Tokenizer& tokenizer, int64_t tokens,
                                           int64_t count, uint64_t seed) {
  const std::vector<data::Document> prose = data::LoadCorpus("debian-docs", "test");
  const std::vector<std::string_view> paragraphs = data::ProseParagraphs(prose);
  data::RetrievalOptions make;
  make.size = tokens - kTokensAround;
  make.queries = std::clamp<int64_t>(tokens / kTokensPerQuery, 1, make.queries);
  // As behind a line's end: at the beginning of a text many tokenizers take a word with the space
  // that is not there, in fewer tokens.
  const std::string before = "\n";
  const int64_t tokens_before = std::ssize(tokenizer.Encode(before));
  make.measure = [&](std::string_view text) {
    return std::ssize(tokenizer.Encode(before + std::string(text))) - tokens_before;
  };
  std::vector<data::Document> documents;
  for (int64_t i = 0; i < count; ++i) {
    documents.push_back(data::MakeRetrieval(paragraphs, make, Rng(seed, static_cast<uint64_t>(i))));
  }
  return documents;
}

}  // namespace tersor::cli
