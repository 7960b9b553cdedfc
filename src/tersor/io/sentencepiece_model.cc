#include "tersor/io/sentencepiece_model.h"

#include <bit>
#include <cstddef>

#include "tersor/util/error.h"
#include "tersor/util/quoted.h"

namespace tersor::io {
namespace {

/// One field of a message. The wire format: a varint of number * 8 + type, then a varint (type 0),
/// eight bytes (1), a length and so many bytes (2), or four bytes (5).
struct Field {
  uint64_t number = 0;
  uint64_t value = 0;     // types 0, 1 and 5
  std::string_view text;  // type 2
};

class MessageReader {
 public:
  MessageReader(std::string_view bytes, const std::string& source)
      : bytes_(bytes), source_(source) {}

  bool Next(Field& field) {
    if (bytes_.empty()) {
      return false;
    }
    const uint64_t tag = Varint();
    field = {.number = tag >> 3, .value = 0, .text = {}};
    switch (tag & 7) {
      case 0:
        field.value = Varint();
        break;
      case 1:
        field.value = Fixed(8);
        break;
      case 2:
        field.text = Take(Varint());
        break;
      case 5:
        field.value = Fixed(4);
        break;
      default:
        Damaged();
    }
    return true;
  }

 private:
  uint64_t Varint() {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(Take(1)[0]);
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) {
        return value;
      }
    }
    Damaged();
  }

  uint64_t Fixed(size_t size) {
    const std::string_view bytes = Take(size);
    uint64_t value = 0;
    for (size_t i = 0; i < size; ++i) {
      value |= static_cast<uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
    }
    return value;
  }

  std::string_view Take(uint64_t size) {
    if (size > bytes_.size()) {
      Damaged();
    }
    const std::string_view taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return taken;
  }

  [[noreturn]] void Damaged() const {
    Fail(source_, ": not a sentencepiece model, or truncated or damaged");
  }

  std::string_view bytes_;
  const std::string& source_;
};

ScoredPiece ParsePiece(std::string_view bytes, const std::string& source) {
  ScoredPiece piece;
  MessageReader in(bytes, source);
  for (Field field; in.Next(field);) {
    if (field.number == 1) {
      piece.text = field.text;
    } else if (field.number == 2) {
      piece.score = std::bit_cast<float>(static_cast<uint32_t>(field.value));
    } else if (field.number == 3) {
      TERSOR_CHECK(field.value >= 1 && field.value <= 6, source, ": piece ", Quoted(piece.text),
                   " is of unknown kind ", field.value);
      piece.kind = static_cast<PieceKind>(field.value);
    }
  }
  return piece;
}

void ParseTraining(std::string_view bytes, const std::string& source, SentencePieceModel& out) {
  MessageReader in(bytes, source);
  for (Field field; in.Next(field);) {
    if (field.number == 3) {
      TERSOR_CHECK(field.value >= 1 && field.value <= 4, source, ": unknown model type ",
                   field.value);
      out.type = static_cast<SentencePieceModel::Type>(field.value);
    }
  }
}

void ParseNormalizer(std::string_view bytes, const std::string& source, SentencePieceModel& out) {
  MessageReader in(bytes, source);
  for (Field field; in.Next(field);) {
    if (field.number == 2) {
      out.rewrites_characters = !field.text.empty();
    } else if (field.number == 3) {
      out.add_dummy_prefix = field.value != 0;
    } else if (field.number == 4) {
      out.remove_extra_whitespaces = field.value != 0;
    }
  }
}

}  // namespace

SentencePieceModel ParseSentencePieceModel(std::string_view bytes, const std::string& source) {
  SentencePieceModel model;
  MessageReader in(bytes, source);
  for (Field field; in.Next(field);) {
    if (field.number == 1) {
      model.pieces.push_back(ParsePiece(field.text, source));
    } else if (field.number == 2) {
      ParseTraining(field.text, source, model);
    } else if (field.number == 3) {
      ParseNormalizer(field.text, source, model);
    }
  }
  TERSOR_CHECK(!model.pieces.empty(), source, ": not a sentencepiece model: it has no pieces");
  return model;
}

}  // namespace tersor::io
