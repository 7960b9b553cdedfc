// A Jinja template: the part of the language that chat templates use, rendered as Jinja renders it
// with trim_blocks and lstrip_blocks. Templates come with models from anywhere, so that what one
// can cost is bounded: nesting, steps, memory, output.
#ifndef TERSOR_IO_JINJA_TEMPLATE_H_
#define TERSOR_IO_JINJA_TEMPLATE_H_

#include <memory>
#include <string>
#include <string_view>

#include "tersor/io/jinja/ast.h"
#include "tersor/io/jinja/evaluator.h"
#include "tersor/util/json.h"

namespace tersor::io::jinja {

/// Immutable and cheap to copy; renders from several threads at once.
class Template {
 public:
  /// Throws Error: "source:line: what is wrong".
  static Template Parse(std::string_view text, const std::string& source);

  /// Throws Error of the same form: a wrong use of a value, raise_exception, a bound passed.
  std::string Render(Variables variables) const;

 private:
  std::string source_;
  std::shared_ptr<const Block> block_;
};

/// Texts are repaired to valid UTF-8. Throws Problem: nested too deeply, an integer over 64 bits.
Value FromJson(const Json& json);

}  // namespace tersor::io::jinja

#endif  // TERSOR_IO_JINJA_TEMPLATE_H_
