// Reading text: repair, formats, markup, dictionary.
#include <gtest/gtest.h>
#include <zlib.h>

#include <filesystem>
#include <string>

#include "tersor/data/gcide.h"
#include "tersor/data/markup.h"
#include "tersor/data/text_reader.h"
#include "tersor/util/error.h"
#include "tersor/util/utf8.h"
#include "test_files.h"

namespace tersor::data {
namespace {

using testing::Spill;

TEST(Utf8, RepairsEveryKindOfBadByte) {
  const std::string mark = "\xef\xbf\xbd";
  for (const auto& [bad, good, count] : std::vector<std::tuple<std::string, std::string, int>>{
           {"plain", "plain", 0},
           {"\xc3\xa9 \xf0\x9f\x98\x80", "\xc3\xa9 \xf0\x9f\x98\x80", 0},
           {"a\xff"
            "b",
            "a" + mark + "b", 1},
           {"\xc0\xaf", mark + mark, 2},             // overlong
           {"\xed\xa0\x80", mark + mark + mark, 3},  // surrogate
           {"\xf4\x90\x80\x80", mark + mark + mark + mark, 4},
           {"cut \xe2\x82", "cut " + mark + mark, 2}}) {
    std::string text = bad;
    EXPECT_EQ(RepairUtf8(text), count);
    EXPECT_EQ(text, good);
  }
}

TEST(TextReader, FilesFoldersGlobsAndGzip) {
  const testing::TemporaryFolder folder;
  std::filesystem::create_directories(folder / "b/c");
  Spill(folder / "b/2.txt", "two\xff");
  Spill(folder / "b/c/1.txt", "one");
  Spill(folder / "b/binary", std::string("a\0b", 3));
  gzFile gz = ::gzopen((folder / "b/3.txt.gz").c_str(), "wb");
  ::gzputs(gz, "three");
  ::gzclose(gz);
  const TextReadResult all = ReadText({folder / "b"});
  ASSERT_EQ(all.documents.size(), 3u);
  EXPECT_EQ(all.documents[0].text, "two\xef\xbf\xbd");
  EXPECT_EQ(all.documents[1].text, "three");
  EXPECT_EQ(all.documents[2].text, "one");
  EXPECT_EQ(all.replaced_bytes, 1);
  EXPECT_EQ(all.files, 3);
  EXPECT_EQ(ReadText({folder / "b/*.txt"}).documents.size(), 1u);
  EXPECT_THROW(ReadText({folder / "none*"}), Error);
  EXPECT_THROW(ReadText({folder / "b/binary"}), Error);
  Spill(folder / "cut.gz", testing::Slurp(folder / "b/3.txt.gz").substr(0, 15));
  EXPECT_THROW(ReadText({folder / "cut.gz"}), Error);
}

TEST(TextReader, JsonLinesWithLossOnTheAnswerOnly) {
  const testing::TemporaryFolder folder;
  const std::string path = folder / "x.jsonl";
  Spill(
      path,
      R"({"text": "whole"})"
      "\n\n"
      R"({"prompt": "q?", "completion": " a"})"
      "\n"
      R"({"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "yo"}]})");
  const auto documents = ReadText({path}).documents;
  ASSERT_EQ(documents.size(), 3u);
  EXPECT_TRUE(documents[0].loss_spans.empty());
  const auto marked = [](const Document& d) {
    return d.text.substr(static_cast<size_t>(d.loss_spans[0].first),
                         static_cast<size_t>(d.loss_spans[0].second - d.loss_spans[0].first));
  };
  EXPECT_EQ(marked(documents[1]), " a");
  EXPECT_EQ(documents[2].text, "user: hi\nassistant: yo\n");
  EXPECT_EQ(marked(documents[2]), "yo\n");
  for (const char* bad : {"[1]", "{\"prompt\": \"x\"}", "{\"messages\": []}", "{\"text\": 3}", "{",
                          R"({"messages": [{"role": "user", "content": "x"}]})"}) {
    Spill(path, std::string("{\"text\": \"ok\"}\n") + bad);
    try {
      ReadText({path});
      ADD_FAILURE() << bad;
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find("x.jsonl:2"), std::string::npos) << e.what();
    }
  }
}

TEST(Markup, HtmlKeepsRunningText) {
  const auto paragraphs = HtmlParagraphs(
      "<html><head><title>T</title></head><body><nav>menu</nav><div class=\"navheader\"><div>up"
      "</div></div><h1>Head</h1><p>One  <b>bold</b>\nand &lt;code&gt; &#8212; &#x41;&unknown;</p>"
      "<pre>int x;</pre><script>if (a < b) {}</script><ul><li>Item</li></ul><!-- no --></body>");
  EXPECT_EQ(paragraphs, (std::vector<std::string>{
                            "Head", "One bold and <code> \xe2\x80\x94 A&unknown;", "Item"}));
  // Broken markup must only not crash.
  for (const char* broken :
       {"<p", "<", "&", "<script>", "</p></p><div", "<!--", "<p>a</div></p>"}) {
    HtmlParagraphs(broken);
  }
}

TEST(Markup, PodResolvesItsCodes) {
  EXPECT_EQ(PodParagraphs("code\n\n=head1 NAME\n\nUse C<< $a->b >> and L<the page|perlfunc>,\n"
                          "E<lt>x, I<B<deep>>.X<index>\n\n  verbatim\n\n=begin html\n\n<p>no\n\n"
                          "=end html\n\nLast.\n\n=cut\n\nmore code\n"),
            (std::vector<std::string>{"Use $a->b and the page, <x, deep.", "Last."}));
}

TEST(Markup, ProseIsToldFromTheRest) {
  EXPECT_TRUE(
      IsProse("The server writes a record to the log before it changes the page, so that it "
              "can be restored from the log if the system fails in the middle of this."));
  EXPECT_FALSE(IsProse("Too short to be of use."));
  EXPECT_FALSE(
      IsProse("0x00 0x01 0x02 0x03 0x04 0x05 0x06 0x07 0x08 0x09 0x0a 0x0b 0x0c 0x0d 0x0e "
              "0x0f 0x10 0x11 0x12 0x13 0x14 0x15 0x16 0x17 0x18 0x19 0x1a 0x1b 0x1c"));
  EXPECT_FALSE(
      IsProse("alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi "
              "omicron pi rho sigma tau upsilon phi chi psi omega alpha beta gamma delta"));
}

TEST(Gcide, DefinitionsWithoutTheirApparatus) {
  const auto entries = GcideEntries(
      "Affear \\Af*fear\"\\, v. t. [OE. aferen, AS. [=a]f?ran. See\n   {Afeard}.]\n"
      "   To frighten somebody, or to fill them with fear. [Obs.] --Spenser.\n"
      "   [1913 Webster]\n\n"
      "Affect \\Af*fect\"\\, v. t.\n"
      "   1. To act upon; to produce an effect or change upon.\n      [1913 Webster]\n\n"
      "            The climate affected their {health} and spirits.\n                "
      "--Macaulay.\n");
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].headword, "Affear");
  EXPECT_EQ(
      entries[0].paragraphs,
      (std::vector<std::string>{"To frighten somebody, or to fill them with fear. --Spenser."}));
  EXPECT_EQ(
      entries[1].paragraphs,
      (std::vector<std::string>{"To act upon; to produce an effect or change upon.",
                                "The climate affected their health and spirits. --Macaulay."}));
}

}  // namespace
}  // namespace tersor::data
