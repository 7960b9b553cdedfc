#include "tersor/data/gcide.h"

#include <cctype>
#include <utility>

namespace tersor::data {
namespace {

constexpr size_t kShortest = 40;  // bytes of a paragraph that is kept

/// Drops bracketed remarks (sources, etymologies), cross-reference braces and runs of space.
std::string CleanParagraph(std::string_view text) {
  std::string out;
  int depth = 0;
  for (const char c : text) {
    if (c == '[') {
      ++depth;
    } else if (c == ']') {
      depth = depth > 0 ? depth - 1 : 0;
    } else if (depth == 0 && c != '{' && c != '}') {
      const bool space = std::isspace(static_cast<unsigned char>(c)) != 0;
      if (!space) {
        out += c;
      } else if (!out.empty() && out.back() != ' ') {
        out += ' ';
      }
    }
  }
  while (!out.empty() && out.back() == ' ') {
    out.pop_back();
  }
  // "2. To influence" and "(b) A plant": the numbering of senses.
  size_t start = 0;
  while (start < out.size() && std::isdigit(static_cast<unsigned char>(out[start])) != 0) {
    ++start;
  }
  if (start > 0 && start + 1 < out.size() && out[start] == '.') {
    out.erase(0, start + 2);
  } else if (out.size() > 4 && out[0] == '(' && out[2] == ')' && out[3] == ' ') {
    out.erase(0, 4);
  }
  return out;
}

/// The word before its pronunciation: "Affect \Af*fect"\, v. t." -> "Affect".
std::string Headword(std::string_view line) {
  const size_t end = line.find(" \\");
  return end == std::string_view::npos ? std::string() : std::string(line.substr(0, end));
}

}  // namespace

std::vector<DictionaryEntry> GcideEntries(std::string_view text) {
  std::vector<DictionaryEntry> entries;
  std::string paragraph;
  bool in_header = false;  // the headword's own lines: pronunciation, inflections, etymology
  const auto end_paragraph = [&] {
    std::string clean = CleanParagraph(paragraph);
    paragraph.clear();
    if (!in_header && clean.size() >= kShortest && !entries.empty()) {
      entries.back().paragraphs.push_back(std::move(clean));
    }
  };
  int open = 0;  // brackets opened in the header and not closed yet
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    const bool indented = !line.empty() && line[0] == ' ';
    if (!line.empty() && !indented) {
      end_paragraph();
      const std::string word = Headword(line);
      if (!word.empty() && (entries.empty() || entries.back().headword != word)) {
        entries.push_back({word, {}});
      }
      in_header = true;
      open = 0;
    } else if (line.empty()) {
      end_paragraph();
      in_header = false;
      continue;
    } else if (in_header && open <= 0) {
      in_header = false;  // The first line after a closed header begins the definition.
    }
    if (in_header) {
      for (const char c : line) {
        open += c == '[' ? 1 : c == ']' ? -1 : 0;
      }
      continue;
    }
    // A number at the start of a line begins the next sense without a blank line.
    paragraph.append(paragraph.empty() ? "" : " ").append(line);
  }
  end_paragraph();
  std::erase_if(entries, [](const DictionaryEntry& entry) { return entry.paragraphs.empty(); });
  return entries;
}

}  // namespace tersor::data
