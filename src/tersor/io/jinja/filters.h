// Filters (`value | name`) and tests (`value is name`).
#ifndef TERSOR_IO_JINJA_FILTERS_H_
#define TERSOR_IO_JINJA_FILTERS_H_

#include <string>

#include "tersor/io/jinja/value.h"

namespace tersor::io::jinja {

/// Filters that Jinja makes lazy give lists. Throws Problem: an unknown name, wrong arguments.
Value ApplyFilter(Meter& meter, const std::string& name, const Value& value,
                  const Arguments& arguments);
bool ApplyTest(Meter& meter, const std::string& name, const Value& value,
               const Arguments& arguments);

using Filter = Value (*)(Meter& meter, const Value& value, const Arguments& arguments);
struct NamedFilter {
  const char* name;
  Filter filter;
};
/// Null where the table has no such name: filters of one value, and of lists.
Filter FindScalarFilter(const std::string& name);
Filter FindListFilter(const std::string& name);

}  // namespace tersor::io::jinja

#endif  // TERSOR_IO_JINJA_FILTERS_H_
