#include "tersor/twin/xml_stream.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <fstream>
#include <string>

#include "tersor/util/error.h"
#include "test_files.h"

namespace tersor::twin {
namespace {

class XmlStreamTest : public ::testing::Test {
 protected:
  std::string File(const std::string& text) {
    std::ofstream(folder_ / "a.xml", std::ios::binary) << text;
    return folder_ / "a.xml";
  }

  // All tags with their attributes: "<a x=1 <b /b /a".
  static std::string Read(const std::string& path) {
    XmlStream stream(path);
    std::string out;
    for (auto event = stream.Next(); event != XmlStream::Event::kDone; event = stream.Next()) {
      out += (event == XmlStream::Event::kStart ? "<" : "/") + std::string(stream.name()) + " ";
      for (const auto& attribute : stream.attributes()) {
        out += std::string(attribute.name) + "=" + std::string(attribute.value) + " ";
      }
    }
    return out;
  }

  std::string ErrorOf(const std::string& text) {
    try {
      Read(File(text));
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  testing::TemporaryFolder folder_;
};

TEST_F(XmlStreamTest, ReadsTagsAndAttributes) {
  EXPECT_EQ(Read(File("<?xml version=\"1.0\"?>\n<!DOCTYPE a><!-- <no> -->\n<a x='1' y = \"2\">text"
                      "<![CDATA[<no/>]]><b/><c >\n</c></a>\n")),
            "<a x=1 y=2 <b /b <c /c /a ");
}

TEST_F(XmlStreamTest, ReplacesEntities) {
  EXPECT_EQ(Read(File("<a x=\"&lt;&amp;&gt;&quot;&apos;&#65;&#x20AC;\" y=\"a>b\"/>")),
            "<a x=<&>\"'A\xE2\x82\xAC y=a>b /a ");
}

TEST_F(XmlStreamTest, ReadsGzip) {
  gzFile file = gzopen((folder_ / "a.xml.gz").c_str(), "wb");
  gzputs(file, "<a><b x=\"1\"/></a>");
  gzclose(file);
  EXPECT_EQ(Read(folder_ / "a.xml.gz"), "<a <b x=1 /b /a ");
}

TEST_F(XmlStreamTest, TagsMayLieAcrossItsBuffer) {
  // Every offset to the buffer's end, by a comment that shifts what follows.
  std::string expected = "<a ";
  std::string text = "<a>";
  for (int i = 0; i < 40000; ++i) {
    text += "<!--" + std::string(static_cast<size_t>(i % 7), 'x') + "-->\n<v id=\"" +
            std::to_string(i) + "\" at=\"3.25\"/>";
    expected += "<v id=" + std::to_string(i) + " at=3.25 /v ";
  }
  EXPECT_EQ(Read(File(text + "</a>")), expected + "/a ");
}

TEST_F(XmlStreamTest, NamesThePlaceOfAnError) {
  EXPECT_NE(ErrorOf("<a>\n  <b>\n</a>").find("a.xml:3:1: </a> where </b> is due"),
            std::string::npos);
  EXPECT_NE(ErrorOf("<a>\n <b x=1/></a>").find("a.xml:2:2: <b>: the value of x is not in quotes"),
            std::string::npos);
  EXPECT_NE(ErrorOf("<a>" + std::string(700000, '\n') + "<b x=\"&nope;\"/></a>")
                .find("a.xml:700001:1: <b>: an '&' that begins no known entity"),
            std::string::npos);
}

TEST_F(XmlStreamTest, RefusesWhatIsCutOffOrNoXml) {
  EXPECT_NE(ErrorOf("<a><b/>").find("ends within <a>"), std::string::npos);
  EXPECT_NE(ErrorOf("<a><b x=\"1").find("ends within a tag"), std::string::npos);
  EXPECT_NE(ErrorOf("<a><!-- ").find("should come"), std::string::npos);
  EXPECT_NE(ErrorOf("").find("holds no XML element"), std::string::npos);
  EXPECT_NE(ErrorOf("time;x;y\n0;1;2\n").find("holds no XML element"), std::string::npos);
  EXPECT_NE(ErrorOf("<a/><b/>").find("a second root element <b>"), std::string::npos);
  EXPECT_NE(ErrorOf("</a>").find("closes nothing"), std::string::npos);
  EXPECT_NE(ErrorOf("<a x></a>").find("not an attribute"), std::string::npos);
  EXPECT_THROW(XmlStream(folder_ / "missing.xml"), Error);
  EXPECT_THROW(XmlStream(folder_.path()), Error);
}

}  // namespace
}  // namespace tersor::twin
