#include "tersor/runtime/text_stream.h"

#include <gtest/gtest.h>

#include "tersor/util/utf8.h"

namespace tersor::runtime {
namespace {

TEST(TextStream, NeverCutsACharacter) {
  const std::string text = "a\u00e9\u20ac\U0001f600z";
  TextStream stream({});
  std::string shown;
  for (const char byte : text) {
    const std::string piece = stream.Add({&byte, 1});
    EXPECT_EQ(ValidPrefix(piece), piece.size());
    shown += piece;
  }
  EXPECT_EQ(shown, text);
  EXPECT_EQ(stream.Finish(), "");
}

TEST(TextStream, RepairsWhatIsNoCharacter) {
  TextStream stream({});
  EXPECT_EQ(stream.Add("a\xff"), "a\ufffd");
  EXPECT_EQ(stream.Add("\xe2\x82"), "");
  EXPECT_EQ(stream.Add("b"), "\ufffd\ufffdb");
  EXPECT_EQ(stream.Add("\xf0\x9f"), "");
  EXPECT_EQ(stream.Finish(), "\ufffd\ufffd");
}

TEST(TextStream, HoldsBackWhatMayBeAStopString) {
  TextStream stream({"\n\nUser:", "END"});
  EXPECT_EQ(stream.Add("hello\n"), "hello");
  EXPECT_EQ(stream.Add("\nUs"), "");
  EXPECT_EQ(stream.Add("ual"), "\n\nUsual");
  EXPECT_EQ(stream.Add(" E"), " ");
  EXPECT_FALSE(stream.stopped());
  EXPECT_EQ(stream.Add("ND and more"), "");
  EXPECT_TRUE(stream.stopped());
  EXPECT_EQ(stream.Add("more"), "");
  EXPECT_EQ(stream.Finish(), "");
}

TEST(TextStream, StopInsideATokenShowsWhatComesBefore) {
  TextStream stream({"."});
  EXPECT_EQ(stream.Add("one. two"), "one");
  EXPECT_TRUE(stream.stopped());
}

TEST(TextStream, FinishShowsWhatWasHeldBack) {
  TextStream stream({"STOP"});
  EXPECT_EQ(stream.Add("ST"), "");
  EXPECT_EQ(stream.Finish(), "ST");
}

}  // namespace
}  // namespace tersor::runtime
