#include "tersor/report/cell_map.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "report/markup_checker.h"
#include "tersor/report/record_view.h"
#include "tersor/util/error.h"

namespace tersor::report {
namespace {

TEST(CellMapTest, DrawsRunsOfEachLevel) {
  const std::vector<CellMap> maps = {
      {"head 0 <b>", "key blocks", "query blocks", {"9...", "0990", "5555"}}};
  const std::string markup = CellMaps(maps).str();
  EXPECT_EQ(CheckMarkup(markup).error, "");
  EXPECT_NE(markup.find("viewBox=\"0 0 4 3\""), std::string::npos) << markup;
  EXPECT_NE(markup.find("d=\"M0 0h1v1h-1zM1 1h2v1h-2z\""), std::string::npos) << markup;  // 9
  EXPECT_NE(markup.find("d=\"M0 1h1v1h-1zM3 1h1v1h-1z\""), std::string::npos) << markup;  // 0
  EXPECT_NE(markup.find("fill-opacity=\"0.56\" d=\"M0 2h4v1h-4z\""), std::string::npos) << markup;
  EXPECT_NE(markup.find("head 0 &lt;b&gt;"), std::string::npos) << markup;
}

TEST(CellMapTest, ReadsMapsOfARecord) {
  const RecordView view = ViewRecord(
      Json::parse(R"({"maps": [{"title": "t", "x_label": "x", "cells": ["90", ".9"]}]})"), "r");
  ASSERT_EQ(view.maps.size(), 1u);
  EXPECT_EQ(view.maps[0].cells[1], ".9");
  EXPECT_THROW(ViewRecord(Json::parse(R"({"maps": [{"title": "t"}]})"), "r"), Error);
  EXPECT_THROW(ViewRecord(Json::parse(R"({"maps": [{"cells": ["90", "9"]}]})"), "r"), Error);
  EXPECT_THROW(ViewRecord(Json::parse(R"({"maps": [{"cells": ["9x"]}]})"), "r"), Error);
  EXPECT_THROW(ViewRecord(Json::parse(R"({"maps": [{"cells": [9]}]})"), "r"), Error);
}

}  // namespace
}  // namespace tersor::report
