#include "tersor/twin/column_code.h"

#include <gtest/gtest.h>

namespace tersor::twin {
namespace {

TEST(ColumnCode, Base64IsRfc4648) {
  EXPECT_EQ(Base64(""), "");
  EXPECT_EQ(Base64("f"), "Zg==");
  EXPECT_EQ(Base64("fo"), "Zm8=");
  EXPECT_EQ(Base64("foo"), "Zm9v");
  EXPECT_EQ(Base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(Base64("\xff\xfe"), "//4=");
}

TEST(ColumnCode, SmallNumbersTakeOneByte) {
  VarintColumn column;
  for (const int64_t value : {0, -1, 1, 63, -64}) {
    column.Add(value);
  }
  EXPECT_EQ(column.bytes(), std::string("\x00\x01\x02\x7e\x7f", 5));
  column.Add(64);
  column.Add(-8192);
  EXPECT_EQ(column.bytes().substr(5), "\x80\x01\xff\x7f");
}

}  // namespace
}  // namespace tersor::twin
