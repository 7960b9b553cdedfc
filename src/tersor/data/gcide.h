// The GNU Collaborative International Dictionary of English, as package dict-gcide installs it.
#ifndef TERSOR_DATA_GCIDE_H_
#define TERSOR_DATA_GCIDE_H_

#include <string>
#include <string_view>
#include <vector>

namespace tersor::data {

struct DictionaryEntry {
  std::string headword;
  std::vector<std::string> paragraphs;  // definitions, notes and quotations, one line each
};

/// Entries in file order: pronunciations, etymologies, numbering and the tags of sources such as
/// "[1913 Webster]" left out. Entries with the same headword in a row become one; those without a
/// definition of some length are dropped.
std::vector<DictionaryEntry> GcideEntries(std::string_view text);

}  // namespace tersor::data

#endif  // TERSOR_DATA_GCIDE_H_
