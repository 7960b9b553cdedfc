#include "tersor/eval/retrieval.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "tersor/op/cross_entropy.h"
#include "tersor/util/error.h"
#include "tersor/util/interrupt.h"

namespace tersor::eval {
namespace {

/// Byte offset at which each token begins, and the text's length at the end.
std::vector<int64_t> Offsets(const io::Tokenizer& tokenizer, const std::vector<int32_t>& tokens,
                             size_t text_bytes) {
  std::vector<int64_t> offsets = {0};
  for (const int32_t token : tokens) {
    offsets.push_back(offsets.back() + std::ssize(tokenizer.TokenBytes(token)));
  }
  // A tokenizer may put a space before the text, which is none of its bytes.
  const int64_t surplus = offsets.back() - static_cast<int64_t>(text_bytes);
  for (int64_t& offset : offsets) {
    offset = std::max<int64_t>(0, offset - surplus);
  }
  return offsets;
}

}  // namespace

RetrievalResult MeasureRetrieval(model::LanguageModel& model, const io::Tokenizer& tokenizer,
                                 const std::vector<data::Document>& documents,
                                 const std::function<void(int64_t done)>& progress) {
  const at::NoGradGuard no_grad;
  RetrievalResult result;
  double found = 0;
  int64_t done = 0;
  for (const data::Document& document : documents) {
    ThrowIfInterrupted("evaluation stopped");
    const std::vector<int32_t> text = tokenizer.Encode(document.text);
    const std::vector<int64_t> offsets = Offsets(tokenizer, text, document.text.size());
    std::vector<int64_t> tokens;
    if (tokenizer.bos_id()) {
      tokens.push_back(*tokenizer.bos_id());
    }
    const auto before = std::ssize(tokens);
    tokens.insert(tokens.end(), text.begin(), text.end());
    const auto length = std::ssize(tokens);
    TERSOR_CHECK(before > 0 && length - 1 <= model.config().max_position_embeddings, "a text of ",
                 length, " tokens does not fit the model's context of ",
                 model.config().max_position_embeddings);
    const at::Tensor all = at::tensor(tokens, at::kLong);
    const at::Tensor hidden = model.Forward(all.narrow(0, 0, length - 1).unsqueeze(0)).hidden;
    for (const auto& [begin, end] : document.loss_spans) {
      // Every token that overlaps the span.
      const auto first =
          std::upper_bound(offsets.begin(), offsets.end(), begin) - offsets.begin() - 1;
      const auto last = std::lower_bound(offsets.begin(), offsets.end(), end) - offsets.begin();
      const op::TokenLoss losses =
          op::LinearTokenLosses(hidden.narrow(0, before + first - 1, last - first),
                                model.HeadWeight(), all.narrow(0, before + first, last - first));
      found += losses.correct.to(at::kBool).all().item<bool>() ? 1 : 0;
      ++result.queries;
    }
    result.longest = std::max<int64_t>(result.longest, length);
    if (progress) {
      progress(++done);
    }
  }
  result.accuracy = result.queries == 0 ? 0 : found / static_cast<double>(result.queries);
  return result;
}

}  // namespace tersor::eval
