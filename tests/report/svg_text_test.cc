#include "tersor/report/svg_text.h"

#include <gtest/gtest.h>

namespace tersor::report {
namespace {

TEST(SvgTextTest, CutsBetweenGlyphs) {
  EXPECT_EQ(Shortened("short", 100), "short");
  EXPECT_EQ(Shortened("abcdef", TextWidth("abcd")), "abc…");
  EXPECT_EQ(Shortened("éééééé", TextWidth("éé")), "é…");
  EXPECT_EQ(TextWidth("é"), TextWidth("e"));
  EXPECT_EQ(Shortened("abc", 0), "…");
}

}  // namespace
}  // namespace tersor::report
