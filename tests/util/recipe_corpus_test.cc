// Replays the inputs that fuzz/recipe_fuzzer.cc keeps.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tersor/util/config.h"
#include "tersor/util/error.h"
#include "tersor/util/file.h"

namespace tersor {
namespace {

TEST(RecipeCorpusTest, EveryInputLoadsOrIsRefusedInOneLine) {
  int loaded = 0, refused = 0;
  for (const auto& file :
       std::filesystem::directory_iterator(TERSOR_SOURCE_DIR "/fuzz/corpus/recipe")) {
    int64_t dim = 0;
    uint64_t seed = 0;
    double lr = 0;
    bool resume = false;
    std::string name;
    std::vector<std::string> data;
    Schema schema;
    schema.Add("model.dim", "", &dim)
        .Add("train.optim.lr", "", &lr)
        .Add("resume", "", &resume)
        .Add("seed", "", &seed)
        .Add("name", "", &name)
        .Add("data", "", &data);
    const std::string path = file.path().string();
    try {
      schema.LoadYaml(ReadFile(path), "recipe.yaml");
      EXPECT_NO_THROW(schema.ToJson().dump()) << path;
      ++loaded;
    } catch (const UsageError& e) {
      const std::string message = e.what();
      EXPECT_EQ(message.find("recipe.yaml:"), 0u) << path << ": " << message;
      EXPECT_EQ(message.find('\n'), std::string::npos) << path << ": " << message;
      ++refused;
    }
  }
  EXPECT_GE(loaded, 1);
  EXPECT_GE(refused, 5);
}

}  // namespace
}  // namespace tersor
