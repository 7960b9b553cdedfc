// Training of sentencepiece BPE models.
#include <sentencepiece_trainer.h>

#include <algorithm>
#include <unordered_map>

#include "tersor/io/plugin/sentencepiece_plugin.h"
#include "tersor/util/error.h"
#include "tersor/util/file.h"
#include "tersor/util/json.h"

namespace tersor::io::plugin {
namespace {

constexpr size_t kLongestLine = 4096;  // bytes; sentencepiece drops longer sentences

/// Lines of the documents, sampled evenly down to a number of bytes, one after another.
class LineIterator : public sentencepiece::SentenceIterator {
 public:
  LineIterator(std::span<const std::string_view> documents, int64_t max_bytes) {
    double total = 0;
    for (const std::string_view document : documents) {
      total += static_cast<double>(document.size());
    }
    share_ = std::min(1.0, static_cast<double>(max_bytes) / std::max(total, 1.0));
    for (const std::string_view document : documents) {
      AddLines(document);
    }
  }

  bool done() const override { return next_ == lines_.size(); }
  void Next() override { ++next_; }
  const std::string& value() const override { return lines_[next_]; }
  sentencepiece::util::Status status() const override { return {}; }
  bool empty() const { return lines_.empty(); }

 private:
  void AddLines(std::string_view text) {
    while (!text.empty()) {
      const size_t end = std::min(text.find('\n'), text.size());
      for (size_t at = 0; at < end;) {
        const size_t length = PieceLength(text.substr(at, end - at));
        Add(text.substr(at, length));
        at += length;
      }
      text.remove_prefix(std::min(end + 1, text.size()));
    }
  }

  /// A long line is cut, but never within a UTF-8 character.
  static size_t PieceLength(std::string_view line) {
    size_t length = std::min(kLongestLine, line.size());
    while (length < line.size() && length > 1 &&
           (static_cast<unsigned char>(line[length]) & 0xC0) == 0x80) {
      --length;
    }
    return length;
  }

  /// Keeps a line whenever the sample lags behind its share of the text so far.
  void Add(std::string_view line) {
    due_ += share_ * static_cast<double>(line.size());
    if (lines_.empty() || due_ >= static_cast<double>(line.size())) {
      due_ -= static_cast<double>(line.size());
      lines_.emplace_back(line);
    }
  }

  double share_ = 1, due_ = 0;
  std::vector<std::string> lines_;
  size_t next_ = 0;
};

}  // namespace

void Train(std::span<const std::string_view> documents, const TokenizerTraining& options,
           const std::string& folder) {
  TERSOR_CHECK(options.vocab_size >= 300 && options.vocab_size <= 1 << 20,
               "a tokenizer's vocabulary must be in 300 .. 1048576, not ", options.vocab_size);
  LineIterator lines(documents, options.max_sample_bytes);
  TERSOR_CHECK(!lines.empty(), "the training text is empty; a tokenizer needs text");
  const std::unordered_map<std::string, std::string> settings = {
      {"model_type", "bpe"},
      {"vocab_size", std::to_string(options.vocab_size)},
      {"byte_fallback", "true"},
      {"character_coverage", "0.9995"},
      // Text comes back as it was: no normalisation, and runs of spaces and newlines survive.
      {"normalization_rule_name", "identity"},
      {"remove_extra_whitespaces", "false"},
      {"allow_whitespace_only_pieces", "true"},
      {"split_digits", "true"},
      {"add_dummy_prefix", "true"},
      {"unk_id", "0"},
      {"bos_id", "1"},
      {"eos_id", "2"},
      {"pad_id", "-1"},
      {"max_sentence_length", std::to_string(kLongestLine + 4)},
      {"num_threads", "1"},
      {"minloglevel", "2"},
  };
  std::string model;
  const auto status = sentencepiece::SentencePieceTrainer::Train(settings, &lines, &model);
  TERSOR_CHECK(status.ok(), "the tokenizer could not be trained: ", status.message(),
               "; a small text needs a smaller vocabulary");
  MakeFolders(folder);
  WriteFileAtomically(folder + "/tokenizer.model", model);
  const Json config = {{"tokenizer_class", "LlamaTokenizer"},
                       {"bos_token", "<s>"},
                       {"eos_token", "</s>"},
                       {"unk_token", "<unk>"},
                       {"add_bos_token", true},
                       {"add_eos_token", false},
                       {"legacy", true}};
  WriteFileAtomically(folder + "/tokenizer_config.json", config.dump(2) + "\n");
}

}  // namespace tersor::io::plugin
