// Operators, attributes, items and slices of values, with Python's rules and Jinja's for what is
// missing: it is undefined, and using that fails.
#ifndef TERSOR_IO_JINJA_OPERATORS_H_
#define TERSOR_IO_JINJA_OPERATORS_H_

#include <string>
#include <string_view>

#include "tersor/io/jinja/value.h"

namespace tersor::io::jinja {

/// Throws Problem where the value is undefined, with the reason why it is.
void RequireDefined(const Value& value);

/// + - * / // % ** and ~. Throws Problem: wrong types, division by zero, integers over 64 bits.
Value Arithmetic(Meter& meter, std::string_view symbol, const Value& a, const Value& b);
Value Negate(const Value& value);
/// == != < <= > >= in, not in.
bool Compare(Meter& meter, std::string_view symbol, const Value& a, const Value& b);

/// `object.name`: Python's attributes (methods) first, then items.
Value GetAttribute(Meter& meter, const Value& object, const std::string& name);
/// `object[index]`: items first, then attributes.
Value GetItem(Meter& meter, const Value& object, const Value& index);
/// "function.name" or "0.role" of filters: items of items.
Value GetPath(Meter& meter, const Value& object, const Value& path);
/// `object[start:stop:step]`; none or undefined for a part that is left out.
Value GetSlice(Meter& meter, const Value& object, const Value& start, const Value& stop,
               const Value& step);

}  // namespace tersor::io::jinja

#endif  // TERSOR_IO_JINJA_OPERATORS_H_
