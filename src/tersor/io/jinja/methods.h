// Methods of texts, lists, objects and `loop`.
#ifndef TERSOR_IO_JINJA_METHODS_H_
#define TERSOR_IO_JINJA_METHODS_H_

#include <string>
#include <string_view>

#include "tersor/io/jinja/value.h"

namespace tersor::io::jinja {

/// Those that change their object (append, pop, ...) do not exist for templates.
bool HasMethod(const Value& object, std::string_view name);
/// Throws Problem: wrong arguments, or no such method.
Value CallMethod(Meter& meter, const Value& object, const std::string& name,
                 const Arguments& arguments);
/// loop.index, loop.first, ...; undefined for other names.
Value LoopAttribute(const Loop& loop, const std::string& name);

/// text.replace(old, fresh), at most `limit` times where it is not negative.
std::string Replace(Meter& meter, const std::string& text, const std::string& old,
                    const std::string& fresh, int64_t limit);

}  // namespace tersor::io::jinja

#endif  // TERSOR_IO_JINJA_METHODS_H_
