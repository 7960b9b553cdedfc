#include "tersor/io/jinja/template.h"

#include <limits>

#include "tersor/io/jinja/lexer.h"
#include "tersor/io/jinja/parser.h"
#include "tersor/util/error.h"
#include "tersor/util/utf8.h"

namespace tersor::io::jinja {
namespace {

/// raise_exception says what it likes: one line of it, not too long.
std::string OneLine(std::string text) {
  constexpr size_t kMax = 400;
  if (text.size() > kMax) {
    text = text.substr(0, ValidPrefix(std::string_view(text).substr(0, kMax))) + "...";
  }
  for (char& c : text) {
    c = static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
  }
  return text;
}

Value Convert(const Json& json, int depth) {
  if (depth > 100) {
    throw Problem("objects nest more than 100 deep");
  }
  switch (json.type()) {
    case Json::value_t::boolean:
      return json.get<bool>();
    case Json::value_t::number_unsigned:
      if (json.get<uint64_t>() > std::numeric_limits<int64_t>::max()) {
        throw Problem("an integer is over 64 bits");
      }
      [[fallthrough]];
    case Json::value_t::number_integer:
      return json.get<int64_t>();
    case Json::value_t::number_float:
      return json.get<double>();
    case Json::value_t::string: {
      auto text = json.get<std::string>();
      RepairUtf8(text);
      return text;
    }
    case Json::value_t::array: {
      Values items;
      for (const Json& item : json) {
        items.push_back(Convert(item, depth + 1));
      }
      return Value::MakeList(std::move(items));
    }
    case Json::value_t::object: {
      std::vector<std::pair<Value, Value>> items;
      for (const auto& [key, item] : json.items()) {
        std::string name = key;
        RepairUtf8(name);
        items.emplace_back(std::move(name), Convert(item, depth + 1));
      }
      return Value::MakeDict(std::move(items));
    }
    default:
      return None();
  }
}

}  // namespace

Template Template::Parse(std::string_view text, const std::string& source) {
  Template parsed;
  parsed.source_ = source;
  try {
    parsed.block_ = std::make_shared<const Block>(jinja::Parse(text));
  } catch (const SyntaxProblem& problem) {
    Fail(source, ":", problem.line(), ": ", OneLine(problem.what()));
  }
  return parsed;
}

std::string Template::Render(Variables variables) const {
  Evaluator evaluator(std::move(variables));
  try {
    return evaluator.Render(*block_);
  } catch (const Problem& problem) {
    Fail(source_, ":", evaluator.line(), ": ", OneLine(problem.what()));
  }
}

Value FromJson(const Json& json) { return Convert(json, 0); }

}  // namespace tersor::io::jinja
