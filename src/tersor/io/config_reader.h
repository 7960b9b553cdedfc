// Members of a JSON configuration file with their types checked.
#ifndef TERSOR_IO_CONFIG_READER_H_
#define TERSOR_IO_CONFIG_READER_H_

#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include "tersor/util/error.h"
#include "tersor/util/json.h"

namespace tersor::io {

/// Reads members of one object; a member that is absent or null takes the default.
class ConfigReader {
 public:
  ConfigReader(const Json& json, std::string source) : json_(json), source_(std::move(source)) {}

  bool Contains(const char* key) const { return json_.contains(key); }
  bool Has(const char* key) const { return json_.contains(key) && !json_[key].is_null(); }

  int64_t Int(const char* key) const {
    TERSOR_CHECK(Has(key), source_, ": field ", key, " is missing");
    return IntOf(json_[key], key);
  }
  int64_t Int(const char* key, int64_t otherwise) const { return Has(key) ? Int(key) : otherwise; }

  double Number(const char* key, double otherwise) const {
    if (!Has(key)) {
      return otherwise;
    }
    TERSOR_CHECK(json_[key].is_number(), source_, ": field ", key, " must be a number");
    return json_[key].get<double>();
  }

  bool Bool(const char* key, bool otherwise) const {
    if (!Has(key)) {
      return otherwise;
    }
    TERSOR_CHECK(json_[key].is_boolean(), source_, ": field ", key, " must be true or false");
    return json_[key].get<bool>();
  }

  std::string Text(const char* key, const std::string& otherwise) const {
    if (!Has(key)) {
      return otherwise;
    }
    TERSOR_CHECK(json_[key].is_string(), source_, ": field ", key, " must be a text");
    return json_[key].get<std::string>();
  }

  const Json& At(const char* key) const { return json_[key]; }
  const std::string& source() const { return source_; }

  int64_t IntOf(const Json& value, const char* key) const {
    TERSOR_CHECK(value.is_number_integer(), source_, ": field ", key, " must be a whole number");
    TERSOR_CHECK(
        !value.is_number_unsigned() ||
            value.get<uint64_t>() <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max()),
        source_, ": field ", key, " is too large");
    return value.get<int64_t>();
  }

 private:
  const Json& json_;
  std::string source_;
};

}  // namespace tersor::io

#endif  // TERSOR_IO_CONFIG_READER_H_
