// Corpora by name, made from documentation that Debian packages install.
#ifndef TERSOR_DATA_CORPUS_H_
#define TERSOR_DATA_CORPUS_H_

#include <string>
#include <vector>

#include "tersor/data/document.h"

namespace tersor::data {

/// Names that LoadCorpus knows: "debian-docs", technical prose; "gcide", dictionary definitions.
/// Besides these "retrieval-N": texts of N kilobytes with records that are asked for later
/// (retrieval.h), among the prose of debian-docs.
std::vector<std::string> CorpusNames();

/// Documents of one split ("train", "validation" or "test"), the same on every machine with the
/// same package versions. A page belongs to a split by the hash of its path; a paragraph that
/// occurs in a held-out page is dropped everywhere else, so that nothing leaks. Throws Error naming
/// the corpus, the split, or the package to install.
std::vector<Document> LoadCorpus(const std::string& name, const std::string& split);

/// Hash of a paragraph up to case, digits and white space: what counts as a duplicate.
uint64_t ParagraphHash(std::string_view paragraph);

}  // namespace tersor::data

#endif  // TERSOR_DATA_CORPUS_H_
