#include "tersor/util/rank.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "tersor/util/error.h"

namespace tersor {
namespace {

class RankTest : public ::testing::Test {
 protected:
  void SetUp() override { Clear(); }
  void TearDown() override { Clear(); }

  static void Clear() {
    for (const char* name : {"RANK", "WORLD_SIZE", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE",
                             "PMI_RANK", "PMI_SIZE", "SLURM_PROCID", "SLURM_NTASKS"}) {
      ::unsetenv(name);
    }
  }

  static std::string Message() {
    try {
      RankFromEnvironment();
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
};

TEST_F(RankTest, ReadsTheVariables) {
  EXPECT_FALSE(RankFromEnvironment());
  ::setenv("SLURM_PROCID", "3", 1);
  ::setenv("SLURM_NTASKS", "8", 1);
  EXPECT_EQ(RankFromEnvironment()->rank, 3);
  ::setenv("RANK", "1", 1);
  ::setenv("WORLD_SIZE", "2", 1);
  EXPECT_EQ(RankFromEnvironment()->rank, 1);  // torchrun's own come first
  EXPECT_EQ(RankFromEnvironment()->size, 2);
}

TEST_F(RankTest, NamesWhatIsWrong) {
  ::setenv("RANK", "1", 1);
  EXPECT_NE(Message().find("WORLD_SIZE is missing"), std::string::npos);
  ::setenv("WORLD_SIZE", "1", 1);
  EXPECT_NE(Message().find("RANK=1 must be below WORLD_SIZE=1"), std::string::npos);
  ::setenv("RANK", "one", 1);
  EXPECT_NE(Message().find("RANK=one must be a whole number"), std::string::npos);
}

}  // namespace
}  // namespace tersor
