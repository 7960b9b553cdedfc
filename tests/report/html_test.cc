#include "tersor/report/html.h"

#include <gtest/gtest.h>

namespace tersor::report {
namespace {

TEST(EscapeTest, LeavesNoMarkup) {
  EXPECT_EQ(Escape("<b a=\"1\" c='2'>&amp;</b>"),
            "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;amp;&lt;/b&gt;");
  EXPECT_EQ(Escape("two\nlines\tand \xc3\xa9"), "two\nlines\tand \xc3\xa9");
  EXPECT_EQ(Escape(std::string_view("a\0b\x1b\x7f", 5)),
            "a\xef\xbf\xbd"
            "b\xef\xbf\xbd\xef\xbf\xbd");
}

TEST(HtmlTest, NestsAndEscapes) {
  Html html;
  html.Open("p", {{"title", "a\"b"}}).Text("1 < 2").Leaf("br").Element("b", {}, "&").Close();
  EXPECT_EQ(html.str(), "<p title=\"a&quot;b\">1 &lt; 2<br/>\n<b>&amp;</b>\n</p>\n");
}

}  // namespace
}  // namespace tersor::report
