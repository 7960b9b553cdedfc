#include "tersor/util/utf8.h"

namespace tersor {
namespace {

bool Continues(unsigned char byte) { return (byte & 0xC0) == 0x80; }

}  // namespace

size_t CharacterLength(std::string_view text) {
  if (text.empty()) {
    return 0;
  }
  const auto at = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = at(0);
  if (lead < 0x80) {
    return 1;
  }
  const size_t length = lead >= 0xC2 && lead < 0xE0   ? 2
                        : (lead & 0xF0) == 0xE0       ? 3
                        : lead >= 0xF0 && lead < 0xF5 ? 4
                                                      : 0;
  if (length == 0 || text.size() < length) {
    return 0;
  }
  for (size_t i = 1; i < length; ++i) {
    if (!Continues(at(i))) {
      return 0;
    }
  }
  // The second byte's range rules out overlong forms, surrogates and values above U+10FFFF.
  const bool bad = (lead == 0xE0 && at(1) < 0xA0) || (lead == 0xED && at(1) > 0x9F) ||
                   (lead == 0xF0 && at(1) < 0x90) || (lead == 0xF4 && at(1) > 0x8F);
  return bad ? 0 : length;
}

uint32_t DecodeCharacter(std::string_view character) {
  const auto lead = static_cast<unsigned char>(character[0]);
  uint32_t code = character.size() == 1 ? lead : lead & (0xFFU >> (character.size() + 1));
  for (size_t i = 1; i < character.size(); ++i) {
    code = code << 6 | (static_cast<unsigned char>(character[i]) & 0x3FU);
  }
  return code;
}

size_t ValidPrefix(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    const size_t length = CharacterLength(text.substr(at));
    if (length == 0) {
      break;
    }
    at += length;
  }
  return at;
}

int64_t RepairUtf8(std::string& text) {
  int64_t replaced = 0;
  std::string repaired;
  size_t good = 0;  // start of the run of valid text not yet copied
  for (size_t i = 0; i < text.size();) {
    const size_t length = CharacterLength(std::string_view(text).substr(i));
    if (length > 0) {
      i += length;
      continue;
    }
    repaired.append(text, good, i - good);
    AppendUtf8(repaired, 0xFFFD);
    ++replaced;
    good = ++i;
  }
  if (replaced > 0) {
    repaired.append(text, good, std::string::npos);
    text = std::move(repaired);
  }
  return replaced;
}

void AppendUtf8(std::string& text, uint32_t code) {
  const auto add = [&](uint32_t byte) { text += static_cast<char>(byte); };
  if (code < 0x80) {
    add(code);
  } else if (code < 0x800) {
    add(0xC0 | code >> 6);
    add(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    add(0xE0 | code >> 12);
    add(0x80 | (code >> 6 & 0x3F));
    add(0x80 | (code & 0x3F));
  } else {
    add(0xF0 | code >> 18);
    add(0x80 | (code >> 12 & 0x3F));
    add(0x80 | (code >> 6 & 0x3F));
    add(0x80 | (code & 0x3F));
  }
}

}  // namespace tersor
