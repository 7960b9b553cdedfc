// Our ops as Python's torch loads them.
#include <gtest/gtest.h>

#include <string>

#include "test_files.h"

namespace tersor {
namespace {

TEST(TorchLibrary, WorksInPython) {
  const testing::CommandResult result =
      testing::RunCommand("PYTHONPATH=" TERSOR_SOURCE_DIR "/python TERSOR_OPS=" TERSOR_BIN_DIR
                          "/../lib/libtersor_ops.so /usr/bin/python3 " TERSOR_SOURCE_DIR
                          "/tests/op/torch_library_test.py");
  EXPECT_EQ(result.code, 0) << result.error;
}

}  // namespace
}  // namespace tersor
