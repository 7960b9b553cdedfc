#include "tersor/data/token_file.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <optional>

#include "tersor/util/content_hash.h"
#include "tersor/util/error.h"
#include "tersor/util/log.h"
#include "tersor/util/parallel_for.h"

namespace tersor::data {
namespace {

struct Header {
  char magic[8] = {'T', 'E', 'R', 'S', 'O', 'R', 'T', 'K'};
  uint32_t version = 1;
  uint32_t id_bytes = 2;
  int64_t count = 0;       // tokens
  int64_t text_bytes = 0;  // UTF-8 bytes
  uint32_t masked = 0;     // 1: a bit a token follows the ids
  uint32_t reserved[7] = {};
};
static_assert(sizeof(Header) == 64);

struct Encoded {
  std::vector<int32_t> ids;
  std::vector<bool> loss;  // empty: all
};

/// Which tokens lie in the document's loss spans: a token counts where its first byte does.
std::vector<bool> LossMask(const Document& document, const io::Tokenizer& tokenizer,
                           const std::vector<int32_t>& ids) {
  std::vector<int64_t> lengths;
  int64_t total = 0;
  for (const int32_t id : ids) {
    lengths.push_back(static_cast<int64_t>(tokenizer.TokenBytes(id).size()));
    total += lengths.back();
  }
  // A sentencepiece model puts one space before the text.
  int64_t at = static_cast<int64_t>(document.text.size()) - total;
  std::vector<bool> loss;
  size_t span = 0;
  for (const int64_t length : lengths) {
    while (span < document.loss_spans.size() && document.loss_spans[span].second <= at) {
      ++span;
    }
    loss.push_back(span < document.loss_spans.size() && at >= document.loss_spans[span].first);
    at += length;
  }
  return loss;
}

Encoded Encode(const Document& document, const io::Tokenizer& tokenizer) {
  Encoded out;
  const std::vector<int32_t> ids = tokenizer.Encode(document.text);
  const bool begins = tokenizer.adds_bos() && tokenizer.bos_id().has_value();
  if (begins) {
    out.ids.push_back(*tokenizer.bos_id());
  }
  out.ids.insert(out.ids.end(), ids.begin(), ids.end());
  if (tokenizer.eos_id()) {
    out.ids.push_back(*tokenizer.eos_id());
  }
  if (!document.loss_spans.empty()) {
    const std::vector<bool> loss = LossMask(document, tokenizer, ids);
    if (begins) {
      out.loss.push_back(false);
    }
    out.loss.insert(out.loss.end(), loss.begin(), loss.end());
    if (tokenizer.eos_id()) {
      // The end is part of an answer that goes to the end.
      out.loss.push_back(document.loss_spans.back().second ==
                         static_cast<int64_t>(document.text.size()));
    }
  }
  return out;
}

void Write(const std::string& path, const std::vector<Encoded>& documents, Header header) {
  AtomicFile file(path);
  file.Write(&header, sizeof(header));
  std::vector<std::byte> bytes;
  for (const Encoded& document : documents) {
    bytes.resize(document.ids.size() * header.id_bytes);
    for (size_t i = 0; i < document.ids.size(); ++i) {
      std::memcpy(bytes.data() + i * header.id_bytes, &document.ids[i], header.id_bytes);
    }
    file.Write(bytes.data(), bytes.size());
  }
  if (header.masked != 0) {
    std::vector<unsigned char> bits(static_cast<size_t>((header.count + 7) / 8));
    size_t index = 0;
    for (const Encoded& document : documents) {
      for (size_t i = 0; i < document.ids.size(); ++i, ++index) {
        if (document.loss.empty() || document.loss[i]) {
          bits[index / 8] |= static_cast<unsigned char>(1U << (index % 8));
        }
      }
    }
    file.Write(bits.data(), bits.size());
  }
  file.Commit();
}

std::string CacheName(std::span<const Document> documents, std::string_view tokenizer_identity) {
  ContentHash hash;
  hash.Add(tokenizer_identity);
  for (const Document& document : documents) {
    hash.Add(document.text);
    for (const auto& [first, last] : document.loss_spans) {
      hash.Add(fmt::format("{}-{}", first, last));
    }
  }
  return hash.Text() + ".tokens";
}

}  // namespace

TokenFile TokenFile::Build(std::span<const Document> documents, const io::Tokenizer& tokenizer,
                           std::string_view tokenizer_identity, const std::string& folder) {
  MakeFolders(folder);
  const std::string path = folder + "/" + CacheName(documents, tokenizer_identity);
  if (std::filesystem::exists(path)) {
    try {
      return Open(path);
    } catch (const Error& e) {
      log::Warn("{}; made anew", e.what());
    }
  }
  std::vector<Encoded> encoded(documents.size());
  ParallelFor(0, static_cast<int64_t>(documents.size()), 1, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) {
      encoded[static_cast<size_t>(i)] = Encode(documents[static_cast<size_t>(i)], tokenizer);
    }
  });
  Header header;
  header.id_bytes = tokenizer.vocab_size() <= 1 << 16 ? 2 : 4;
  for (size_t i = 0; i < documents.size(); ++i) {
    header.count += static_cast<int64_t>(encoded[i].ids.size());
    header.text_bytes += static_cast<int64_t>(documents[i].text.size());
    header.masked |= documents[i].loss_spans.empty() ? 0 : 1;
  }
  TERSOR_CHECK(header.text_bytes > 0, "the corpus is empty; give it text");
  Write(path, encoded, header);
  return Open(path);
}

TokenFile TokenFile::Open(const std::string& path) {
  TokenFile file(path);
  const std::span<const std::byte> bytes = file.file_.bytes();
  Header header;
  const Header expected;
  TERSOR_CHECK(bytes.size() >= sizeof(Header), path, ": not a token file");
  std::memcpy(&header, bytes.data(), sizeof(Header));
  TERSOR_CHECK(std::memcmp(header.magic, expected.magic, sizeof(header.magic)) == 0 &&
                   header.version == expected.version &&
                   (header.id_bytes == 2 || header.id_bytes == 4) && header.masked <= 1,
               path, ": not a token file of this version");
  const uint64_t room = bytes.size() - sizeof(Header);
  TERSOR_CHECK(header.count >= 0 && static_cast<uint64_t>(header.count) <= room / header.id_bytes,
               path, ": truncated");
  const auto id_bytes = static_cast<uint64_t>(header.count) * header.id_bytes;
  const uint64_t mask_bytes =
      header.masked != 0 ? (static_cast<uint64_t>(header.count) + 7) / 8 : 0;
  TERSOR_CHECK(room == id_bytes + mask_bytes, path, ": truncated");
  file.count_ = header.count;
  file.bytes_ = header.text_bytes;
  file.id_bytes_ = header.id_bytes;
  file.ids_ = bytes.subspan(sizeof(Header), id_bytes);
  file.mask_ = bytes.subspan(sizeof(Header) + id_bytes, mask_bytes);
  return file;
}

int32_t TokenFile::Token(int64_t index) const {
  int32_t id = 0;
  std::memcpy(&id, ids_.data() + index * id_bytes_, static_cast<size_t>(id_bytes_));
  return id;
}

bool TokenFile::CarriesLoss(int64_t index) const {
  return mask_.empty() ||
         (std::to_integer<unsigned>(mask_[static_cast<size_t>(index / 8)]) >> (index % 8) & 1) != 0;
}

std::vector<int32_t> TokenFile::Tokens(int64_t first, int64_t count) const {
  std::vector<int32_t> tokens(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    tokens[static_cast<size_t>(i)] = Token(first + i);
  }
  return tokens;
}

}  // namespace tersor::data
