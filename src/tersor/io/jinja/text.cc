#include "tersor/io/jinja/text.h"

#include <string.h>
#include <utf8proc.h>

#include "tersor/util/utf8.h"

namespace tersor::io::jinja {
namespace {

bool IsLetter(uint32_t code) {
  const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(code));
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}

bool IsDigit(uint32_t code) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(code)) == UTF8PROC_CATEGORY_ND;
}

void AppendUpper(std::string& out, uint32_t code) {
  if (code == 0xDF) {
    out += "SS";  // the one letter in common use whose capital is two
  } else {
    AppendUtf8(out, static_cast<uint32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(code))));
  }
}

void AppendTitle(std::string& out, uint32_t code) {
  if (code == 0xDF) {
    out += "Ss";
  } else {
    AppendUtf8(out, static_cast<uint32_t>(utf8proc_totitle(static_cast<utf8proc_int32_t>(code))));
  }
}

void AppendLower(std::string& out, uint32_t code) {
  AppendUtf8(out, static_cast<uint32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(code))));
}

template <typename Visit>
void ForEachCharacter(std::string_view text, const Visit& visit) {
  while (!text.empty()) {
    const Character next = FirstCharacter(text);
    visit(next.code);
    text.remove_prefix(next.size);
  }
}

template <typename Test>
bool All(std::string_view text, const Test& test) {
  bool all = !text.empty();
  ForEachCharacter(text, [&](uint32_t code) { all = all && test(code); });
  return all;
}

bool InSet(const Character& character, std::string_view text,
           const std::optional<std::string_view>& set) {
  return set ? set->find(text) != std::string_view::npos : IsSpace(character.code);
}

bool EndsLine(uint32_t code) {
  return (code >= 0x0A && code <= 0x0D) || (code >= 0x1C && code <= 0x1E) || code == 0x85 ||
         code == 0x2028 || code == 0x2029;
}

/// Whether `text` has letters of the case whose category is `good` and none of `bad`.
bool HasCase(std::string_view text, utf8proc_category_t good, utf8proc_category_t bad) {
  bool found = false, other = false;
  ForEachCharacter(text, [&](uint32_t code) {
    const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(code));
    found = found || category == good;
    other = other || category == bad || category == UTF8PROC_CATEGORY_LT;
  });
  return found && !other;
}

}  // namespace

bool IsSpace(uint32_t code) {
  return (code >= 0x09 && code <= 0x0D) || (code >= 0x1C && code <= 0x20) || code == 0x85 ||
         code == 0xA0 || code == 0x1680 || (code >= 0x2000 && code <= 0x200A) || code == 0x2028 ||
         code == 0x2029 || code == 0x202F || code == 0x205F || code == 0x3000;
}

Character FirstCharacter(std::string_view text) {
  const size_t size = CharacterLength(text);
  return {DecodeCharacter(text.substr(0, size)), size};
}

Character LastCharacter(std::string_view text) {
  size_t size = 1;
  while ((static_cast<unsigned char>(text[text.size() - size]) & 0xC0) == 0x80) {
    ++size;
  }
  return {DecodeCharacter(text.substr(text.size() - size)), size};
}

int64_t CountCharacters(std::string_view text) {
  int64_t count = 0;
  for (const char byte : text) {
    count += (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
  }
  return count;
}

std::string_view StripLeft(std::string_view text, std::optional<std::string_view> set) {
  while (!text.empty()) {
    const Character first = FirstCharacter(text);
    if (!InSet(first, text.substr(0, first.size), set)) {
      break;
    }
    text.remove_prefix(first.size);
  }
  return text;
}

std::string_view StripRight(std::string_view text, std::optional<std::string_view> set) {
  while (!text.empty()) {
    const Character last = LastCharacter(text);
    if (!InSet(last, text.substr(text.size() - last.size), set)) {
      break;
    }
    text.remove_suffix(last.size);
  }
  return text;
}

size_t FindText(std::string_view text, std::string_view part, size_t from) {
  if (from > text.size()) {
    return std::string_view::npos;
  }
  if (part.empty()) {
    return from;
  }
  // std::string_view::find takes the product of the sizes for hostile texts; memmem takes the sum.
  const void* found = memmem(text.data() + from, text.size() - from, part.data(), part.size());
  return found == nullptr ? std::string_view::npos
                          : static_cast<size_t>(static_cast<const char*>(found) - text.data());
}

std::vector<std::string_view> Split(std::string_view text, std::optional<std::string_view> by,
                                    int64_t limit) {
  std::vector<std::string_view> parts;
  if (by) {
    size_t start = 0;
    while (limit < 0 || static_cast<int64_t>(parts.size()) < limit) {
      const size_t at = FindText(text, *by, start);
      if (at == std::string_view::npos) {
        break;
      }
      parts.push_back(text.substr(start, at - start));
      start = at + by->size();
    }
    parts.push_back(text.substr(start));
    return parts;
  }
  for (text = StripLeft(text); !text.empty(); text = StripLeft(text)) {
    if (limit >= 0 && static_cast<int64_t>(parts.size()) == limit) {
      parts.push_back(text);
      break;
    }
    size_t end = 0;
    while (end < text.size() && !IsSpace(FirstCharacter(text.substr(end)).code)) {
      end += FirstCharacter(text.substr(end)).size;
    }
    parts.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return parts;
}

std::vector<std::string_view> SplitFromRight(std::string_view text, std::string_view by,
                                             int64_t limit) {
  // Only the cuts nearest to the end are kept; the text has at most as many as Split finds.
  std::vector<std::string_view> parts;
  for (size_t end = text.size(); limit < 0 || static_cast<int64_t>(parts.size()) < limit;) {
    const size_t at = end < by.size() ? std::string_view::npos : text.rfind(by, end - by.size());
    if (at == std::string_view::npos) {
      break;
    }
    parts.push_back(text.substr(at + by.size(), end - at - by.size()));
    end = at;
    text = text.substr(0, end);
  }
  parts.push_back(text);
  return {parts.rbegin(), parts.rend()};
}

std::vector<std::string_view> SplitLines(std::string_view text, bool keep) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    size_t end = 0, mark = 0;
    while (end < text.size()) {
      const Character next = FirstCharacter(text.substr(end));
      if (EndsLine(next.code)) {
        mark = text.substr(end, 2) == "\r\n" ? 2 : next.size;
        break;
      }
      end += next.size;
    }
    lines.push_back(text.substr(0, keep ? end + mark : end));
    text.remove_prefix(end + mark);
  }
  return lines;
}

std::string Upper(std::string_view text) {
  std::string out;
  ForEachCharacter(text, [&](uint32_t code) { AppendUpper(out, code); });
  return out;
}

std::string Lower(std::string_view text) {
  std::string out;
  ForEachCharacter(text, [&](uint32_t code) { AppendLower(out, code); });
  return out;
}

std::string Capitalize(std::string_view text) {
  std::string out;
  ForEachCharacter(
      text, [&](uint32_t code) { out.empty() ? AppendTitle(out, code) : AppendLower(out, code); });
  return out;
}

std::string Title(std::string_view text) {
  std::string out;
  bool inside = false;
  ForEachCharacter(text, [&](uint32_t code) {
    inside ? AppendLower(out, code) : AppendTitle(out, code);
    inside = IsLetter(code);
  });
  return out;
}

std::string TitleWords(std::string_view text) {
  std::string out;
  bool inside = false;
  ForEachCharacter(text, [&](uint32_t code) {
    inside ? AppendLower(out, code) : AppendUpper(out, code);
    inside = !IsSpace(code) && (code >= 0x80 || code == 0 || strchr("-({[<", code) == nullptr);
  });
  return out;
}

bool AllDigits(std::string_view text) { return All(text, IsDigit); }
bool AllLetters(std::string_view text) { return All(text, IsLetter); }
bool AllSpace(std::string_view text) { return All(text, IsSpace); }
bool AllAlphanumeric(std::string_view text) {
  return All(text, [](uint32_t code) {
    const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(code));
    return IsLetter(code) || (category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO);
  });
}
bool IsUpper(std::string_view text) {
  return HasCase(text, UTF8PROC_CATEGORY_LU, UTF8PROC_CATEGORY_LL);
}
bool IsLower(std::string_view text) {
  return HasCase(text, UTF8PROC_CATEGORY_LL, UTF8PROC_CATEGORY_LU);
}

}  // namespace tersor::io::jinja
