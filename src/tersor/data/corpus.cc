#include "tersor/data/corpus.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <filesystem>
#include <functional>
#include <string_view>
#include <unordered_set>

#include "tersor/data/gcide.h"
#include "tersor/data/markup.h"
#include "tersor/data/retrieval.h"
#include "tersor/data/text_reader.h"
#include "tersor/util/error.h"
#include "tersor/util/file.h"
#include "tersor/util/parallel_for.h"
#include "tersor/util/utf8.h"

namespace tersor::data {
namespace {

namespace fs = std::filesystem;

struct Source {
  std::string_view package;
  std::string_view folder;
  std::string_view extension;  // ".html" or ".pod"
};
constexpr std::array kSources = {
    Source{"postgresql-doc-15", "/usr/share/doc/postgresql-doc-15/html", ".html"},
    Source{"python3.11-doc", "/usr/share/doc/python3.11/html", ".html"},
    Source{"perl-doc", "/usr/share/perl/5.36.0/pod", ".pod"},
    Source{"git-doc", "/usr/share/doc/git-doc", ".html"},
    Source{"sqlite3-doc", "/usr/share/doc/sqlite3", ".html"},
};
constexpr std::string_view kDictionary = "/usr/share/dictd/gcide.dict.dz";

constexpr std::array<std::string_view, 3> kSplits = {"test", "validation", "train"};

uint64_t Fnv(std::string_view text, uint64_t hash = 0xcbf29ce484222325) {
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  return hash;
}

/// A page before splitting.
struct Page {
  std::string key;  // package and path, the same on every machine
  std::vector<std::string> paragraphs;
};

/// Thousandths of the pages that are held out, for test and for validation each.
struct HeldOut {
  uint64_t per_mille;
};

/// 0 test, 1 validation, 2 train.
size_t SplitOf(const std::string& key, const HeldOut& held_out) {
  // The low bits of FNV mix the last characters poorly; one multiplication spreads them.
  const uint64_t place = (Fnv(key) * 0x9E3779B97F4A7C15 >> 32) % 1000;
  return place < held_out.per_mille ? 0 : place < 2 * held_out.per_mille ? 1 : 2;
}

/// Pages of one source in the order of their paths, parsed in parallel.
std::vector<Page> ReadSource(const Source& source) {
  TERSOR_CHECK(fs::is_directory(source.folder), source.folder,
               ": missing; install it: apt-get install ", source.package, " (`make setup` does)");
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(source.folder)) {
    // A symbolic link would bring the same page twice.
    if (!entry.is_symlink() && entry.is_regular_file() &&
        entry.path().extension() == source.extension) {
      files.push_back(entry.path().string());
    }
  }
  std::sort(files.begin(), files.end());
  std::vector<Page> pages(files.size());
  ParallelFor(0, static_cast<int64_t>(files.size()), 1, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) {
      const std::string& file = files[static_cast<size_t>(i)];
      std::string text = ReadFile(file);
      RepairUtf8(text);
      Page& page = pages[static_cast<size_t>(i)];
      page.key = std::string(source.package) + file.substr(source.folder.size());
      page.paragraphs = source.extension == ".pod" ? PodParagraphs(text) : HtmlParagraphs(text);
      std::erase_if(page.paragraphs, [](const std::string& p) { return !IsProse(p); });
    }
  });
  return pages;
}

std::vector<Page> ReadDocumentation() {
  std::vector<Page> pages;
  for (const Source& source : kSources) {
    std::vector<Page> more = ReadSource(source);
    std::move(more.begin(), more.end(), std::back_inserter(pages));
  }
  return pages;
}

std::vector<Page> ReadDictionary() {
  TERSOR_CHECK(fs::exists(kDictionary), kDictionary,
               ": missing; install it: apt-get install dict-gcide (`make setup` does)");
  std::string text = ReadGzip(std::string(kDictionary));
  RepairUtf8(text);
  std::vector<Page> pages;
  for (DictionaryEntry& entry : GcideEntries(text)) {
    pages.push_back({std::move(entry.headword), std::move(entry.paragraphs)});
  }
  return pages;
}

/// Drops repeated paragraphs, held-out pages first, and returns the documents of one split.
std::vector<Document> TakeSplit(std::vector<Page>& pages, size_t wanted, const HeldOut& held_out) {
  std::unordered_set<uint64_t> seen;
  std::vector<Document> documents;
  for (size_t split = 0; split <= wanted; ++split) {
    for (Page& page : pages) {
      if (SplitOf(page.key, held_out) != split) {
        continue;
      }
      Document document;
      for (const std::string& paragraph : page.paragraphs) {
        if (seen.insert(ParagraphHash(paragraph)).second) {
          document.text += (document.text.empty() ? "" : "\n\n") + paragraph;
        }
      }
      if (split == wanted && !document.text.empty()) {
        documents.push_back(std::move(document));
      }
    }
  }
  return documents;
}

struct Corpus {
  std::string_view name;
  std::function<std::vector<Page>()> read;
  HeldOut held_out;
};

const std::vector<Corpus>& Corpora() {
  static const std::vector<Corpus> corpora = {
      {"debian-docs", ReadDocumentation, {15}},
      {"gcide", ReadDictionary, {50}},
  };
  return corpora;
}

constexpr std::string_view kRetrieval = "retrieval-";

/// Documents of so many kilobytes among the prose of debian-docs, without spans: all of it is
/// learned. As much text as a model of some million parameters reads in an hour.
std::vector<Document> RetrievalCorpus(const std::string& name, const std::string& split) {
  constexpr int64_t kTrainBytes = 12 << 20, kHeldOutBytes = 1 << 20, kLargest = 1024;
  constexpr int64_t kBytesPerQuery = 1024;
  int64_t kilobytes = 0;
  const char* end = name.data() + name.size();
  const auto parsed = std::from_chars(name.data() + kRetrieval.size(), end, kilobytes);
  if (parsed.ec != std::errc() || parsed.ptr != end || kilobytes < 1 || kilobytes > kLargest) {
    FailUsage("corpus ", name, ": ", kRetrieval, "N has texts of N kilobytes, 1 to ", kLargest);
  }
  const std::vector<Document> prose = LoadCorpus("debian-docs", split);
  const std::vector<std::string_view> paragraphs = ProseParagraphs(prose);
  RetrievalOptions options;
  options.size = kilobytes << 10;
  options.queries = std::clamp<int64_t>(options.size / kBytesPerQuery, 1, 32);
  const int64_t total = split == "train" ? kTrainBytes : kHeldOutBytes;
  std::vector<Document> documents;
  for (int64_t i = 0; i < std::max<int64_t>(1, total / options.size); ++i) {
    documents.push_back(
        MakeRetrieval(paragraphs, options, Rng(Fnv(name + split), static_cast<uint64_t>(i))));
    documents.back().loss_spans.clear();
  }
  return documents;
}

}  // namespace

std::vector<std::string> CorpusNames() {
  std::vector<std::string> names;
  for (const Corpus& corpus : Corpora()) {
    names.emplace_back(corpus.name);
  }
  return names;
}

uint64_t ParagraphHash(std::string_view paragraph) {
  std::string plain;
  for (const char c : paragraph) {
    const auto u = static_cast<unsigned char>(c);
    if (std::isspace(u) == 0) {
      plain += std::isdigit(u) != 0 ? '0' : static_cast<char>(std::tolower(u));
    }
  }
  return Fnv(plain);
}

std::vector<Document> LoadCorpus(const std::string& name, const std::string& split) {
  if (name.starts_with(kRetrieval)) {
    return RetrievalCorpus(name, split);
  }
  const auto wanted = std::find(kSplits.begin(), kSplits.end(), split);
  TERSOR_CHECK(wanted != kSplits.end(), "corpus ", name, " has no split ", split,
               "; there are train, validation and test");
  for (const Corpus& corpus : Corpora()) {
    if (corpus.name == name) {
      std::vector<Page> pages = corpus.read();
      return TakeSplit(pages, static_cast<size_t>(wanted - kSplits.begin()), corpus.held_out);
    }
  }
  std::string known;
  for (const std::string& other : CorpusNames()) {
    known += (known.empty() ? "" : ", ") + other;
  }
  FailUsage("there is no corpus ", name, "; there are ", known, ", ", kRetrieval, "KILOBYTES");
}

}  // namespace tersor::data
