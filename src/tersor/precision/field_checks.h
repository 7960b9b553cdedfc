// Checks of configuration fields under `precision.`.
#ifndef TERSOR_PRECISION_FIELD_CHECKS_H_
#define TERSOR_PRECISION_FIELD_CHECKS_H_

#include <initializer_list>
#include <string>

namespace tersor::precision {

/// Throws UsageError naming the field where `value` is none of the names.
void RequireOneOf(const std::string& value, const char* field,
                  std::initializer_list<const char*> names);

/// Throws UsageError "precision.<field> must be <rule>" unless `ok`.
void Require(bool ok, const char* field, const char* rule);

}  // namespace tersor::precision

#endif  // TERSOR_PRECISION_FIELD_CHECKS_H_
