// Template text to its tree.
#ifndef TERSOR_IO_JINJA_PARSER_H_
#define TERSOR_IO_JINJA_PARSER_H_

#include <string_view>

#include "tersor/io/jinja/ast.h"

namespace tersor::io::jinja {

/// Throws SyntaxProblem: wrong syntax, a statement that chat templates do not have (include,
/// extends, ...), nesting too deep to evaluate.
Block Parse(std::string_view source);

}  // namespace tersor::io::jinja

#endif  // TERSOR_IO_JINJA_PARSER_H_
