#include "tersor/twin/xml_reader.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include "test_files.h"
#include "twin/small_network.h"

namespace tersor::twin {
namespace {

using tersor::testing::TemporaryFolder;
using testing::MessageOf;

std::string Gzipped(const std::string& text, const std::string& path) {
  const gzFile file = ::gzopen(path.c_str(), "wb");
  ::gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
  ::gzclose(file);
  return tersor::testing::Slurp(path);
}

TEST(XmlReader, TypesAttributes) {
  const XmlDocument document(
      "<a n=' 1.5 ' plus='+2' i='-3' yes='true' no='0' words=' x\ty\nz ' t='90' hms='01:02:03' "
      "dhms='1:00:00:00.5'><b/><!-- c --><c/><b id='2'/></a>",
      "text");
  const XmlElement a = document.Root("a");
  EXPECT_EQ(a.Number("n"), 1.5);
  EXPECT_EQ(a.Number("plus"), 2);
  EXPECT_EQ(a.Number("missing", 7), 7);
  EXPECT_EQ(a.Integer("i"), -3);
  EXPECT_TRUE(a.Flag("yes", false));
  EXPECT_FALSE(a.Flag("no", true));
  EXPECT_TRUE(a.Flag("missing", true));
  EXPECT_EQ(a.Words("words"), (std::vector<std::string_view>{"x", "y", "z"}));
  EXPECT_EQ(a.Time("t"), 90);
  EXPECT_EQ(a.Time("hms"), 3723);
  EXPECT_EQ(a.Time("dhms"), 86400.5);
  EXPECT_EQ(a.Children().size(), 3U);
  EXPECT_EQ(a.Children("b").back().Label(), "b '2'");
}

TEST(XmlReader, NamesThePlaceOfABadAttribute) {
  const XmlDocument document(
      "<a>\n  <lane id='x' n='1x' nan='nan' inf='1e999' neg='-1'\n        zero='0' "
      "big='3000000000' "
      "flag='maybe' t='1:70:00'/>\n</a>",
      "net.xml");
  const XmlElement lane = document.Root().Children().front();
  EXPECT_EQ(MessageOf([&] { lane.Number("n"); }),
            "net.xml:2:16: lane 'x', n: '1x' is not a finite number");
  for (const char* const attribute : {"nan", "inf"}) {
    EXPECT_NE(MessageOf([&] { lane.Number(attribute); }).find("not a finite number"),
              std::string::npos);
  }
  EXPECT_EQ(MessageOf([&] { lane.Positive("zero"); }),
            "net.xml:3:9: lane 'x', zero: '0' must be greater than 0");
  EXPECT_NE(MessageOf([&] { lane.NonNegative("neg", 0); }).find("negative"), std::string::npos);
  EXPECT_NE(MessageOf([&] { lane.Index("neg"); }).find("negative"), std::string::npos);
  EXPECT_NE(MessageOf([&] { lane.Integer("big"); }).find("32 bits"), std::string::npos);
  EXPECT_NE(MessageOf([&] { lane.Flag("flag", false); }).find("neither"), std::string::npos);
  EXPECT_NE(MessageOf([&] { lane.Time("t"); }).find("no time"), std::string::npos);
  EXPECT_EQ(MessageOf([&] { lane.Text("width"); }),
            "net.xml:2:4: lane 'x': attribute width is missing");
  EXPECT_NE(MessageOf([&] { document.Root("net"); }).find("expected <net>, found <a>"),
            std::string::npos);
}

TEST(XmlReader, NamesThePlaceOfBrokenXml) {
  EXPECT_NE(MessageOf([] { XmlDocument("<a>\n<b>\n</c>\n</a>", "x.xml"); }).find("x.xml:3:"),
            std::string::npos);
  EXPECT_NE(MessageOf([] { XmlDocument("<a>\n<b/>\n", "cut.xml"); }).find("cut.xml:2:5: broken"),
            std::string::npos);
  EXPECT_NE(MessageOf([] { XmlDocument("", "empty.xml"); }).find("empty.xml:1:1"),
            std::string::npos);
  EXPECT_NE(MessageOf([] {
              XmlDocument(std::string("<a/>\n\0", 6), "zero.xml");
            }).find("zero.xml:2:1: a zero byte"),
            std::string::npos);
}

TEST(XmlReader, DeepNestingDoesNoHarm) {
  std::string text;
  for (int i = 0; i < 200000; ++i) {
    text += "<a>";
  }
  EXPECT_NE(MessageOf([&] { XmlDocument(text, "deep"); }), "");
  for (int i = 0; i < 200000; ++i) {
    text += "</a>";
  }
  EXPECT_EQ(XmlDocument(text, "deep").Root().Children().size(), 1U);
}

TEST(XmlReader, ReadsGzip) {
  const TemporaryFolder folder;
  const std::string path = folder / "x.xml.gz", bytes = Gzipped("<a n='1'/>", path);
  EXPECT_EQ(XmlDocument::Read(path).Root("a").Number("n"), 1);
  // Members one after another are one text.
  const std::string first = Gzipped("<a n=", folder / "1"), second = Gzipped("'2'/>", folder / "2");
  tersor::testing::Spill(path, first + second);
  EXPECT_EQ(XmlDocument::Read(path).Root("a").Number("n"), 2);
  for (size_t size = 2; size < bytes.size(); ++size) {
    tersor::testing::Spill(path, bytes.substr(0, size));
    EXPECT_NE(MessageOf([&] { XmlDocument::Read(path); }).find("gzip"), std::string::npos) << size;
  }
  EXPECT_NE(MessageOf([&] { XmlDocument::Read(folder / "none.xml"); }).find("none.xml"),
            std::string::npos);
}

TEST(XmlReader, SplitsAndSuggests) {
  EXPECT_EQ(SplitWords(" a.xml , b.xml,", ','), (std::vector<std::string_view>{"a.xml", "b.xml"}));
  EXPECT_EQ(DidYouMean("passanger", {"bus", "passenger"}), "; did you mean 'passenger'?");
  EXPECT_EQ(DidYouMean("qqqqq", {"bus"}), "");
  EXPECT_FALSE(ParseNumber(""));
  EXPECT_FALSE(ParseNumber("1 2"));
}

TEST(XmlReader, WarnsOnceOfEachUnknownAttribute) {
  const XmlDocument document("<r xmlns:x='u'><a id='1' new='1'/><a new='2' newer='3'/></r>", "f");
  ::testing::internal::CaptureStderr();
  InputWarnings warnings;
  warnings.UnknownAttributes(document.Root(), {});
  for (const XmlElement& a : document.Root().Children()) {
    warnings.UnknownAttributes(a, {"id"});
    warnings.Once(a, "not simulated");
  }
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 3) << said;
  EXPECT_NE(said.find("f:1:26: a '1': the attribute 'new'"), std::string::npos) << said;
}

}  // namespace
}  // namespace tersor::twin
