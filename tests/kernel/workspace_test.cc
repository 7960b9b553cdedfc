#include "tersor/kernel/workspace.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace tersor::kernel {
namespace {

TEST(Workspace, GivesTheSamePlacesAgain) {
  Workspace workspace;
  float *first = nullptr, *inner = nullptr;
  for (int round = 0; round < 3; ++round) {
    const Workspace::Scope scope(workspace);
    auto* a = workspace.Take<float>(100);
    const Workspace::Scope nested(workspace);
    auto* b = workspace.Take<float>(3'000'000);  // larger than a block
    EXPECT_EQ(reinterpret_cast<uintptr_t>(a) % 64, 0);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(b) % 64, 0);
    if (round > 0) {
      EXPECT_EQ(a, first);
      EXPECT_EQ(b, inner);
    }
    first = a;
    inner = b;
  }
}

TEST(Workspace, PiecesDoNotOverlapAndStayWhereTheyAre) {
  Workspace workspace;
  const Workspace::Scope scope(workspace);
  std::vector<int64_t*> pieces;
  for (int64_t i = 0; i < 300; ++i) {
    pieces.push_back(workspace.Take<int64_t>(5000));
    std::fill_n(pieces.back(), 5000, i);
  }
  for (size_t i = 0; i < pieces.size(); ++i) {
    EXPECT_EQ(pieces[i][0], i);
    EXPECT_EQ(pieces[i][4999], i);
  }
}

}  // namespace
}  // namespace tersor::kernel
