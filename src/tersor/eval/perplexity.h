// Perplexity of a language model as the pruning and quantization papers take it: the text's tokens
// in one stream, cut in non-overlapping windows of the model's length (GPTQ, arXiv:2210.17323, and
// SparseGPT, arXiv:2301.00774, evaluate so).
#ifndef TERSOR_EVAL_PERPLEXITY_H_
#define TERSOR_EVAL_PERPLEXITY_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "tersor/model/language_model.h"
#include "tersor/runtime/engine.h"

namespace tersor::eval {

/// Sums over the evaluated tokens; additive over ranks.
struct LikelihoodSums {
  double nll = 0;          // nats, of tokens 1 .. window-1 of each full window
  double tokens = 0;       // number of those
  double correct = 0;      // of those, how many the most likely next token hits
  double outside_nll = 0;  // nats of the rest: each window's successor token and the last, partial
                           // window, which the papers leave out but a code length must hold
  double predicted = 0;    // tokens plus that rest: all but the stream's first
};

struct PerplexityOptions {
  int64_t window = 0;             // tokens; 0: the model's length
  int64_t max_windows = 0;        // 0: all
  int64_t batch_tokens = 4096;    // tokens a forward pass
  int64_t first = 0, stride = 1;  // windows first, first + stride, ...: a rank's share
  std::function<void(int64_t done, int64_t total)> progress;
};

/// What a model says of windows of `length` tokens each, `inputs` and `targets` [windows, length]
/// (a target of -1 counts for nothing): the negative log-likelihood in nats of each target, and
/// whether it is the most likely next token.
class WindowScorer {
 public:
  virtual ~WindowScorer() = default;
  virtual int64_t longest_window() const = 0;
  virtual void Score(std::span<const int32_t> inputs, std::span<const int32_t> targets,
                     int64_t length, std::span<float> nll, std::span<uint8_t> correct) = 0;
};

/// The torch model, and the runtime's engine; each must outlive the scorer.
std::unique_ptr<WindowScorer> MakeScorer(model::LanguageModel& model);
std::unique_ptr<WindowScorer> MakeScorer(runtime::Engine& engine);

/// Runs the model over `stream`. A stream shorter than one window counts as a full one. Throws
/// Error when it has fewer than two tokens.
LikelihoodSums SumLikelihood(WindowScorer& scorer, std::span<const int32_t> stream,
                             const PerplexityOptions& options);
LikelihoodSums SumLikelihood(model::LanguageModel& model, std::span<const int32_t> stream,
                             const PerplexityOptions& options);

/// exp(nll / tokens), over the tokens that have a predecessor in their window.
double Perplexity(const LikelihoodSums& sums);

/// Code length in bits of all predicted tokens over `bytes` of text.
double BitsPerByte(const LikelihoodSums& sums, double bytes);

}  // namespace tersor::eval

#endif  // TERSOR_EVAL_PERPLEXITY_H_
