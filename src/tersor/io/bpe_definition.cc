#include "tersor/io/bpe_definition.h"

#include <algorithm>

#include "tersor/util/error.h"
#include "tersor/util/quoted.h"

namespace tersor::io {

size_t BpeDefinition::vocab_size() const {
  return vocab.size() +
         static_cast<size_t>(std::count_if(added.begin(), added.end(), [&](const AddedToken& t) {
           return !vocab.contains(t.content);
         }));
}

std::vector<std::string> SpellingsById(const BpeDefinition& definition, const std::string& source) {
  const size_t size = definition.vocab_size();
  std::vector<std::string> spellings(size);
  std::vector<bool> seen(size);
  const auto place = [&](const std::string& name, int64_t id) {
    TERSOR_CHECK(id >= 0 && id < static_cast<int64_t>(size), source, ": token ", Quoted(name),
                 " has id ", id, ", but there are ", size, " tokens: the vocabulary has a hole");
    const auto at = static_cast<size_t>(id);
    TERSOR_CHECK(!seen[at], source, ": id ", id, " belongs to ", Quoted(name),
                 " and to another token");
    seen[at] = true;
    spellings[at] = name;
  };
  for (const auto& [spelling, id] : definition.vocab) {
    place(spelling, id);
  }
  for (const AddedToken& token : definition.added) {
    const auto found = definition.vocab.find(token.content);
    if (found == definition.vocab.end()) {
      place(token.content, token.id);
    }
    TERSOR_CHECK(found == definition.vocab.end() || found->second == token.id, source,
                 ": added token ", Quoted(token.content), " has two ids");
  }
  return spellings;
}

MergeTable BuildMerges(const BpeDefinition& definition, const std::string& source) {
  MergeTable merges;
  int32_t rank = 0;
  for (const auto& merge : definition.merges) {
    const auto find = [&](const std::string& token) {
      const auto found = definition.vocab.find(token);
      TERSOR_CHECK(found != definition.vocab.end(), source, ": merge ",
                   Quoted(merge.first + " " + merge.second), " needs ", Quoted(token),
                   ", which the vocabulary lacks");
      return static_cast<int32_t>(found->second);
    };
    merges.Add(find(merge.first), find(merge.second), {rank++, find(merge.first + merge.second)});
  }
  return merges;
}

BpeTable::BpeTable(const BpeDefinition& definition, std::vector<std::string> bytes)
    : bytes_(std::move(bytes)),
      bos_(definition.bos),
      eos_(definition.eos),
      adds_bos_(definition.adds_bos && definition.bos.has_value()) {
  for (const AddedToken& token : definition.added) {
    // It is matched as it is written, so it stands for that, however the vocabulary spells bytes.
    bytes_[static_cast<size_t>(token.id)] = token.special ? std::string() : token.content;
  }
}

std::string BpeTable::Decode(std::span<const int32_t> ids) const {
  std::string text;
  for (const int32_t id : ids) {
    text += TokenBytes(id);
  }
  return text;
}

std::string BpeTable::TokenBytes(int32_t id) const {
  TERSOR_CHECK(id >= 0 && id < vocab_size(), "token id ", id, " is outside the vocabulary of ",
               vocab_size());
  return bytes_[static_cast<size_t>(id)];
}

}  // namespace tersor::io
