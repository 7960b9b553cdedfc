#include "tersor/twin/conflict_charts.h"

#include <gtest/gtest.h>

#include <cmath>

#include "report/markup_checker.h"
#include "tersor/util/error.h"

namespace tersor::twin {
namespace {

ConflictMark Mark(double ttc, double drac, const std::string& type) {
  ConflictMark mark;
  mark.ttc = ttc;
  mark.drac = drac;
  mark.type = type;
  return mark;
}

int CountOf(const std::string& text, const std::string& word) {
  int count = 0;
  for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
    ++count;
  }
  return count;
}

TEST(ConflictCharts, HistogramCountsEveryFiniteValueOnce) {
  const std::vector<double> values = {0, 0.49, 0.5, 1.2, 99, -3, NAN, INFINITY};
  const Histogram histogram = MakeHistogram(values, 0.5, 4);
  EXPECT_EQ(histogram.count, (std::vector<int64_t>{3, 1, 1, 1}));
  EXPECT_THROW(MakeHistogram(values, 0, 4), Error);
  EXPECT_THROW(MakeHistogram(values, 1, 0), Error);
}

TEST(ConflictCharts, BarsAreOfTheirBand) {
  const std::vector<ConflictMark> marks = {Mark(0.31, 5, "a"), Mark(0.84, 1, "a"),
                                           Mark(1.42, 1, "b"), Mark(1.81, 1, "b")};
  const std::string ttc = TtcHistogram(marks).body.str();
  for (const char* band : {"band0", "band1", "band2", "band3"}) {
    EXPECT_EQ(CountOf(ttc, std::string("<rect class=\"") + band), 1) << band;
  }
  const std::string drac = DracHistogram(marks).body.str();
  EXPECT_EQ(CountOf(drac, "<rect class=\"band0"), 1);
  EXPECT_EQ(CountOf(drac, "<rect class=\"band2"), 1);
}

TEST(ConflictCharts, ScatterHasADotAConflictWithBoth) {
  const std::vector<ConflictMark> marks = {Mark(0.3, 5, "a"), Mark(0.8, NAN, "a"),
                                           Mark(NAN, 1, "b"), Mark(1.8, 200, "b")};
  const Picture picture = TtcDracScatter(marks, 4.9);
  EXPECT_EQ(CountOf(picture.body.str(), "class=\"dot"), 2);
  EXPECT_EQ(CountOf(picture.body.str(), "class=\"limit\""), 3);
}

TEST(ConflictCharts, ManyConflictsMakeShortCurves) {
  std::vector<ConflictMark> marks;
  for (int i = 0; i < 20000; ++i) {
    marks.push_back(Mark(i * 1e-4, i * 2e-4, "following"));
  }
  EXPECT_LT(CumulativeCurves(marks).body.str().size(), 60000u);
}

TEST(ConflictCharts, NothingIsDrawnOfNothing) {
  for (const Picture& picture :
       {TtcHistogram({}), DracHistogram({}), CumulativeCurves({}), TtcDracScatter({}, 0)}) {
    EXPECT_EQ(report::CheckMarkup(StandAloneSvg(picture).substr(39)).error, "") << picture.name;
  }
}

}  // namespace
}  // namespace tersor::twin
