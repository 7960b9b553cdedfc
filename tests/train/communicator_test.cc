// What the environment says about ranks; runs of several ranks are in tests/apps/command_test.cc.
#include "tersor/train/communicator.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "tersor/util/error.h"

namespace tersor::train {
namespace {

class Environment : public ::testing::Test {
 protected:
  void SetUp() override { Clear(); }
  void TearDown() override { Clear(); }

  static void Clear() {
    for (const char* name :
         {"RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT", "OMPI_COMM_WORLD_RANK",
          "OMPI_COMM_WORLD_SIZE", "PMI_RANK", "PMI_SIZE", "SLURM_PROCID", "SLURM_NTASKS"}) {
      ::unsetenv(name);
    }
  }

  static void Set(const char* name, const char* value) { ::setenv(name, value, 1); }

  static void ExpectRefusal(const std::string& part) {
    try {
      ConnectFromEnvironment({.join_seconds = 1});
      ADD_FAILURE() << "connected; expected: " << part;
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
      EXPECT_EQ(std::string(e.what()).find('\n'), std::string::npos) << e.what();
    }
  }
};

TEST_F(Environment, NothingSetMeansOneProcess) {
  const auto alone = ConnectFromEnvironment();
  EXPECT_EQ(alone->size(), 1);
  EXPECT_EQ(alone->rank(), 0);
  double value = 3;
  alone->AllReduceSum({&value, 1});
  EXPECT_EQ(value, 3);
}

TEST_F(Environment, OneRankNeedsNoAddress) {
  Set("SLURM_PROCID", "0");
  Set("SLURM_NTASKS", "1");
  EXPECT_EQ(ConnectFromEnvironment()->size(), 1);
}

TEST_F(Environment, RefusesNonsenseByTheVariablesName) {
  Set("RANK", "one");
  Set("WORLD_SIZE", "2");
  ExpectRefusal("RANK=one");
  Set("RANK", "2");
  ExpectRefusal("RANK=2 must be below WORLD_SIZE=2");
  ::unsetenv("RANK");
  ExpectRefusal("RANK is missing");
  Set("RANK", "0");
  ExpectRefusal("MASTER_ADDR is missing");
  Set("MASTER_ADDR", "127.0.0.1");
  ExpectRefusal("MASTER_PORT is missing");
  Set("MASTER_PORT", "99999");
  ExpectRefusal("MASTER_PORT=99999");
  Set("WORLD_SIZE", "2x");
  ExpectRefusal("WORLD_SIZE=2x");
}

TEST_F(Environment, OtherLaunchersNamesCount) {
  for (const auto& [rank, size] :
       {std::pair{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"}, {"PMI_RANK", "PMI_SIZE"},
        {"SLURM_PROCID", "SLURM_NTASKS"}}) {
    Clear();
    Set(rank, "5");
    Set(size, "3");
    ExpectRefusal(std::string(rank) + "=5");
  }
}

TEST_F(Environment, ARankThatFindsNobodySaysSo) {
  Set("RANK", "1");
  Set("WORLD_SIZE", "2");
  Set("MASTER_ADDR", "127.0.0.1");
  Set("MASTER_PORT", "1");  // nobody listens there
  ExpectRefusal("rank 1 of 2 could not join the others at 127.0.0.1:1");
}

}  // namespace
}  // namespace tersor::train
