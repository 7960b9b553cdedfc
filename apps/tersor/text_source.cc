#include "text_source.h"

#include <filesystem>
#include <iterator>

#include "tersor/data/corpus.h"
#include "tersor/data/text_reader.h"
#include "tersor/util/file.h"

namespace tersor::cli {
namespace {

constexpr std::string_view kCorpus = "corpus:";

}  // namespace

std::vector<data::Document> ReadNamedText(const std::vector<std::string>& names,
                                          const std::string& split) {
  std::vector<data::Document> documents;
  std::vector<std::string> paths;
  for (const std::string& name : names) {
    if (!name.starts_with(kCorpus)) {
      paths.push_back(name);
      continue;
    }
    const std::string corpus = name.substr(kCorpus.size());
    const size_t slash = corpus.find('/');
    std::vector<data::Document> more = data::LoadCorpus(
        corpus.substr(0, slash), slash == std::string::npos ? split : corpus.substr(slash + 1));
    std::move(more.begin(), more.end(), std::back_inserter(documents));
  }
  if (!paths.empty() || names.empty()) {
    data::TextReadResult read = data::ReadText(paths);
    std::move(read.documents.begin(), read.documents.end(), std::back_inserter(documents));
  }
  return documents;
}

std::vector<eval::Question> ReadNamedQuestions(const std::string& name, int64_t count) {
  return name.ends_with(".jsonl") ? eval::ReadQuestions(name)
                                  : eval::MakeQuestions(ReadNamedText({name}, "test"), count, 0);
}

std::string TokenizerIdentity(const std::string& path) {
  if (path.ends_with(".gguf")) {  // may be larger than memory
    const auto written = std::filesystem::last_write_time(path).time_since_epoch().count();
    return path + " " + std::to_string(std::filesystem::file_size(path)) + " " +
           std::to_string(written);
  }
  for (const char* name : {"", "/tokenizer.model", "/tokenizer.json", "/tokenizer_config.json"}) {
    if (std::filesystem::is_regular_file(path + name)) {
      return ReadFile(path + name);
    }
  }
  return path;
}

}  // namespace tersor::cli
