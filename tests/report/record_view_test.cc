#include "tersor/report/record_view.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "tersor/util/error.h"

namespace tersor::report {
namespace {

std::string ErrorOf(const Json& record) {
  try {
    ViewRecord(record, "r.json");
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

TEST(RecordViewTest, ReadsEveryField) {
  const RecordView view =
      ViewRecord(Json::parse(R"({"tersor": "0.1.0", "verb": "train", "seed": 18446744073709551615,
        "seconds": 2.5, "metrics": {"perplexity": 19.5, "lost": null, "note": "warm"},
        "rows": [{"a": 1}, {"name": "k", "ours": 2, "peer": 1, "ratio": 2}],
        "series": {"loss": {"x": [1, 2], "y": [3, null], "x_label": "step"}},
        "samples": [{"title": "t", "text": "x"}],
        "config": {"model": {"dim": 8, "heads": [1, 2]}}, "machine": {"cpu": "c"}})"),
                 "");
  EXPECT_EQ(view.name, "train");
  EXPECT_EQ(view.seed, "18446744073709551615");
  EXPECT_EQ(view.seconds, 2.5);
  ASSERT_EQ(view.metrics.size(), 2u);
  EXPECT_EQ(view.metrics[0].second, 19.5);
  EXPECT_TRUE(std::isnan(view.metrics[1].second));
  EXPECT_EQ(view.notes[0].second, "warm");
  EXPECT_EQ(view.rows.size(), 1u);
  ASSERT_EQ(view.bench.size(), 1u);
  EXPECT_TRUE(std::isnan(view.bench[0].ratio_low));
  EXPECT_TRUE(std::isnan(view.curves[0].y[1]));
  EXPECT_EQ(view.curves[0].x_label, "step");
  EXPECT_EQ(view.config[1], (std::pair<std::string, std::string>{"model.heads", "1, 2"}));
  EXPECT_EQ(view.machine[0].first, "cpu");
}

TEST(RecordViewTest, WrongShapesNameRecordAndField) {
  EXPECT_EQ(ErrorOf(Json::array()), "r.json: not a result record; expected a JSON object");
  EXPECT_EQ(ErrorOf({{"metrics", 3}}), "r.json: \"metrics\" must be an object");
  EXPECT_EQ(ErrorOf({{"rows", "x"}}), "r.json: \"rows\" must be an array");
  EXPECT_EQ(ErrorOf(Json::parse(R"({"series": {"l": {"x": [1], "y": [1, 2]}}})")),
            "r.json: series 'l': x has 1 values but y has 2");
  EXPECT_EQ(ErrorOf(Json::parse(R"({"series": {"l": {"x": [1], "y": ["a"]}}})")),
            "r.json: series 'l': \"y\" must hold numbers or null only");
  EXPECT_EQ(ErrorOf(Json::parse(R"({"series": {"l": {"x": [1]}}})")),
            "r.json: series 'l': \"y\" must be an array of numbers");
  EXPECT_EQ(ErrorOf(Json::parse(R"({"samples": ["text"]})")),
            "r.json: \"samples\" must hold objects with title and text");
}

TEST(RecordViewTest, DeepAndLongValuesAreShortened) {
  Json deep = 1;
  for (int i = 0; i < 2000; ++i) {
    deep = Json::array({deep});
  }
  EXPECT_EQ(PlainText(deep), "…");
  EXPECT_LT(PlainText(Json(std::vector<int>(100000, 7))).size(), 3000u);
  EXPECT_EQ(PlainText(Json::parse(R"({"a": [true, null, "x"], "b": 0.123456})")),
            "a: true, none, x, b: 0.1235");
}

}  // namespace
}  // namespace tersor::report
