#include "tersor/report/page.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "report/markup_checker.h"
#include "tersor/util/error.h"
#include "tersor/util/file.h"

namespace tersor::report {
namespace {

Json TrainRecord() {
  return Json::parse(R"({"tersor": "0.1.0", "verb": "train", "seed": 7, "seconds": 184.2,
    "metrics": {"perplexity": 19.4371, "tokens": 24576000},
    "rows": [{"split": "held-out", "perplexity": 19.4371}],
    "series": {"loss": {"x": [1, 2, 3], "y": [9.5, 4.25, 3.0], "x_label": "step"}},
    "samples": [{"title": "prompt", "text": "two\nlines"}],
    "machine": {"cpu": "a cpu", "cores": 2}, "config": {"model": {"dim": 256}}})");
}

std::string Render(const std::vector<Json>& records, const PageOptions& options = {}) {
  return RenderPage(records, options);
}

TEST(PageTest, ShowsTheWholeRecord) {
  const std::string page = Render({TrainRecord()}, {.title = "A run", .command = "tersor train x"});
  const Markup markup = CheckMarkup(page);
  EXPECT_EQ(markup.error, "");
  for (const char* text :
       {"A run", "tersor 0.1.0", "seed 7", "3m 04s", "tersor train x", "19.44", "24.58M",
        "24,576,000", "held-out", "two\nlines", "a cpu", "model.dim", "256"}) {
    EXPECT_NE(markup.text.find(text), std::string::npos) << text;
  }
  EXPECT_EQ(markup.count.at("h1"), 1);
}

TEST(PageTest, LoadsNothing) {
  const std::string page = Render({TrainRecord()});
  EXPECT_NE(page.find("default-src &#39;none&#39;"), std::string::npos);
  for (const char* word : {"http://", "https://", "src=", "@import", "url("}) {
    const size_t at = page.find(word);
    const bool namespace_only = at != std::string::npos &&
                                page.substr(at).starts_with("http://www.w3.org/2000/svg") &&
                                page.find(word, at + 1) == std::string::npos;
    EXPECT_TRUE(at == std::string::npos || namespace_only) << word;
  }
}

TEST(PageTest, HostileStringsStayText) {
  const std::string evil =
      "</script><script>alert(1)</script>\"'><img src=x onerror=alert(1)>&\x01";
  Json record = {{"tersor", evil}, {"verb", evil}, {"command", evil}, {"seed", 1}};
  record["metrics"] = {{evil, 1.5}, {"note", evil}};
  record["rows"] = {{{evil, evil}},
                    {{"name", evil},
                     {"unit", evil},
                     {"ours", 1},
                     {"peer", 2},
                     {"peer_name", evil},
                     {"ratio", 2}}};
  record["series"][evil] = {{"x", {1, 2}}, {"y", {1, 2}}, {"x_label", evil}, {"y_label", evil}};
  record["series"][evil + "b"] = record["series"][evil];
  record["samples"] = {{{"title", evil}, {"text", evil}}};
  record["machine"] = {{evil, evil}};
  record["config"] = {{evil, {{evil, evil}}}};
  const std::string page =
      Render({record, record}, {.title = evil, .command = evil, .names = {evil, evil}});
  Markup markup = CheckMarkup(page);
  EXPECT_EQ(markup.error, "");
  EXPECT_EQ(markup.count["script"], 1);
  EXPECT_EQ(markup.count["img"], 0);
  EXPECT_NE(markup.text.find("&lt;script&gt;alert(1)"), std::string::npos);
}

TEST(PageTest, InvalidUtf8DoesNotStopThePage) {
  Json record = TrainRecord();
  record["series"]["a\xff"] = record["series"]["loss"];
  record["samples"] = {{{"title", "\xc3"}, {"text", "\xf0\x9f"}}};
  EXPECT_EQ(CheckMarkup(Render({record})).error, "");
}

TEST(PageTest, NumbersThatAreNoneDoNotBreakThePage) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double inf = std::numeric_limits<double>::infinity();
  Json record = {
      {"verb", "train"}, {"seconds", inf}, {"metrics", {{"a", nan}, {"b", inf}, {"c", nullptr}}}};
  record["series"]["loss"] = {{"x", {1, nan, 3}}, {"y", {inf, 2, nan}}};
  record["rows"] = {{{"v", nan}}, {{"v", -inf}}};
  const Markup markup = CheckMarkup(Render({record}));
  EXPECT_EQ(markup.error, "");
  EXPECT_NE(markup.text.find("n/a"), std::string::npos);
  EXPECT_NE(markup.text.find("∞"), std::string::npos);
  record["seconds"] = nan;
  EXPECT_EQ(CheckMarkup(Render({record})).error, "");
}

TEST(PageTest, EmptyRecordSaysSo) {
  const Markup markup = CheckMarkup(Render({Json::object()}));
  EXPECT_EQ(markup.error, "");
  EXPECT_NE(markup.text.find("holds no metrics, curves or rows"), std::string::npos);
}

TEST(PageTest, NoRecordIsAnError) {
  EXPECT_THROW(Render({}), Error);
  try {
    Render({TrainRecord(), Json(3)}, {.title = "", .command = "", .names = {"a.json", "b.json"}});
    FAIL() << "a number was accepted as a record";
  } catch (const Error& e) {
    EXPECT_EQ(std::string(e.what()), "b.json: not a result record; expected a JSON object");
  }
}

TEST(PageTest, SeveralRecordsAreCompared) {
  Json other = TrainRecord();
  other["metrics"]["perplexity"] = 18.5;
  const std::string page = Render({TrainRecord(), other});
  const Markup markup = CheckMarkup(page);
  EXPECT_EQ(markup.error, "");
  EXPECT_NE(markup.text.find("Comparison"), std::string::npos);
  EXPECT_NE(markup.text.find("train 1"), std::string::npos);
  EXPECT_NE(markup.text.find("train 2"), std::string::npos);
  EXPECT_NE(markup.text.find("18.50"), std::string::npos);
  EXPECT_NE(page.find("href=\"#result2\""), std::string::npos);
  EXPECT_NE(page.find("id=\"result2\""), std::string::npos);
  EXPECT_NE(page.find("id=\"comparison0-wide-title\""), std::string::npos);
}

TEST(PageTest, WritesTheFileOrNothing) {
  const std::string path = testing::TempDir() + "report_page_test.html";
  const std::vector<Json> good = {TrainRecord()}, bad = {Json(1)};
  WritePage(good, {}, path);
  const std::string written = ReadFile(path);
  EXPECT_EQ(written, RenderPage(good));
  EXPECT_THROW(WritePage(bad, {}, path), Error);
  EXPECT_EQ(ReadFile(path), written);
}

}  // namespace
}  // namespace tersor::report
