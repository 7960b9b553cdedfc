#include "tersor/data/text_reader.h"

#include <glob.h>
#include <zlib.h>

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <string_view>

#include "tersor/util/error.h"
#include "tersor/util/file.h"
#include "tersor/util/json.h"
#include "tersor/util/log.h"
#include "tersor/util/utf8.h"

namespace tersor::data {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> Glob(const std::string& pattern) {
  glob_t found{};
  std::vector<std::string> paths;
  if (::glob(pattern.c_str(), 0, nullptr, &found) == 0) {
    paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  }
  ::globfree(&found);
  return paths;
}

void AppendFiles(const std::string& path, std::vector<std::string>& files) {
  if (fs::is_directory(path)) {
    std::vector<std::string> inside;
    for (const auto& entry : fs::recursive_directory_iterator(path)) {
      if (entry.is_regular_file()) {
        inside.push_back(entry.path().string());
      }
    }
    std::sort(inside.begin(), inside.end());
    files.insert(files.end(), inside.begin(), inside.end());
    return;
  }
  if (fs::is_regular_file(path)) {
    files.push_back(path);
    return;
  }
  const std::vector<std::string> matches = Glob(path);
  TERSOR_CHECK(!matches.empty() && !(matches.size() == 1 && matches[0] == path), path,
               ": no such file or folder, and no glob that matches anything");
  for (const std::string& match : matches) {
    AppendFiles(match, files);
  }
}

std::string TextField(const Json& json, const char* key, const std::string& where) {
  TERSOR_CHECK(json.is_object() && json.contains(key) && json[key].is_string(), where, ": field '",
               key, "' is missing or no text");
  return json[key].get<std::string>();
}

Document ChatDocument(const Json& messages, const std::string& where) {
  TERSOR_CHECK(messages.is_array() && !messages.empty(), where,
               ": 'messages' must be a list of turns");
  Document document;
  for (const Json& turn : messages) {
    const std::string role = TextField(turn, "role", where);
    document.text += role + ": ";
    const auto first = static_cast<int64_t>(document.text.size());
    document.text += TextField(turn, "content", where) + "\n";
    if (role == "assistant") {
      document.loss_spans.emplace_back(first, static_cast<int64_t>(document.text.size()));
    }
  }
  TERSOR_CHECK(!document.loss_spans.empty(), where, ": no turn of the role 'assistant'");
  return document;
}

Document LineDocument(const Json& json, const std::string& where) {
  TERSOR_CHECK(json.is_object(), where, ": not a JSON object");
  if (json.contains("messages")) {
    return ChatDocument(json["messages"], where);
  }
  if (json.contains("prompt")) {
    Document document{TextField(json, "prompt", where), {}};
    const auto first = static_cast<int64_t>(document.text.size());
    document.text += TextField(json, "completion", where);
    document.loss_spans.emplace_back(first, static_cast<int64_t>(document.text.size()));
    return document;
  }
  return {TextField(json, "text", where), {}};
}

void ReadJsonLines(const std::string& contents, const std::string& path,
                   std::vector<Document>& documents) {
  std::istringstream lines(contents);
  int64_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (line.find_first_not_of(" \t\r") != std::string::npos) {
      const std::string where = path + ":" + std::to_string(number);
      documents.push_back(LineDocument(ParseJson(line, where), where));
    }
  }
}

}  // namespace

std::string ReadGzip(const std::string& path) {
  gzFile file = ::gzopen(path.c_str(), "rb");
  TERSOR_CHECK(file != nullptr, path, ": cannot be opened");
  std::string contents;
  char buffer[1 << 16];
  int count = 0;
  while ((count = ::gzread(file, buffer, sizeof(buffer))) > 0) {
    contents.append(buffer, static_cast<size_t>(count));
  }
  const bool whole = ::gzclose(file) == Z_OK && count == 0;
  TERSOR_CHECK(whole, path, ": not a whole gzip file");
  return contents;
}

TextReadResult ReadText(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    AppendFiles(path, files);
  }
  TextReadResult result;
  for (const std::string& file : files) {
    const bool packed = file.ends_with(".gz");
    std::string contents = packed ? ReadGzip(file) : ReadFile(file);
    if (contents.find('\0') != std::string::npos) {
      log::Warn("{}: holds zero bytes, so it is no text; skipped", file);
      continue;
    }
    result.replaced_bytes += RepairUtf8(contents);
    ++result.files;
    const std::string_view name = std::string_view(file).substr(0, file.size() - (packed ? 3 : 0));
    if (name.ends_with(".jsonl")) {
      ReadJsonLines(contents, file, result.documents);
    } else if (!contents.empty()) {
      result.documents.push_back({std::move(contents), {}});
    }
  }
  for (const Document& document : result.documents) {
    result.bytes += static_cast<int64_t>(document.text.size());
  }
  TERSOR_CHECK(result.bytes > 0, paths.empty() ? std::string("data") : paths.front(),
               ": there is no text to read");
  if (result.replaced_bytes > 0) {
    log::Warn("{} bytes were not UTF-8 and became U+FFFD", result.replaced_bytes);
  }
  return result;
}

}  // namespace tersor::data
