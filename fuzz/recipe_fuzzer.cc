// The recipe reader on arbitrary bytes: it either fills the schema or throws UsageError with one
// line, and what it accepts can be written into a record.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "tersor/util/config.h"
#include "tersor/util/error.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  bool resume = false;
  int64_t dim = 0;
  uint64_t seed = 0;
  double lr = 0;
  std::string name;
  std::vector<std::string> files;
  tersor::Schema schema;
  schema.Add("model.dim", "", &dim)
      .Add("train.optim.lr", "", &lr)
      .Add("resume", "", &resume)
      .Add("seed", "", &seed)
      .Add("name", "", &name)
      .Add("data", "", &files);
  try {
    schema.LoadYaml(std::string_view(reinterpret_cast<const char*>(data), size), "recipe.yaml");
    if (schema.ToJson().dump().empty()) {
      std::abort();
    }
  } catch (const tersor::UsageError& e) {
    if (std::string_view(e.what()).find('\n') != std::string_view::npos) {
      std::abort();
    }
  }
  return 0;
}
