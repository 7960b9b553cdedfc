// sentencepiece BPE from pieces with scores, as GGUF files of Llama 2 and Mistral hold it: the two
// neighbours whose union has the best score merge first.
#ifndef TERSOR_IO_SCORED_BPE_H_
#define TERSOR_IO_SCORED_BPE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tersor/io/sentencepiece_model.h"
#include "tersor/io/tokenizer.h"

namespace tersor::io {

struct ScoredVocabulary {
  std::vector<ScoredPiece> pieces;  // by id
  std::optional<int32_t> bos, eos;
  bool adds_bos = true;
  bool add_space_prefix = true;  // before every text and after every token that is found as such
};

/// Gives the tokens of sentencepiece's own encoder, without its rewriting of characters. Control
/// pieces are found in the text where the caller asks, user-defined ones always. A character that
/// is no piece becomes its bytes, or <unk> in a vocabulary without bytes. Throws Error naming
/// `source`: no pieces, one that is there twice or empty, a score that is no number, neither bytes
/// nor <unk>, ids out of range.
std::shared_ptr<const Tokenizer> MakeScoredBpe(const ScoredVocabulary& vocabulary,
                                               const std::string& source);

}  // namespace tersor::io

#endif  // TERSOR_IO_SCORED_BPE_H_
