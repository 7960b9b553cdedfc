#include "tersor/twin/departure_reader.h"

#include <algorithm>
#include <map>

#include "tersor/util/quoted.h"

namespace tersor::twin {
namespace {

using LaneChoice = Departure::LaneChoice;
using PositionChoice = Departure::PositionChoice;
using SpeedChoice = Departure::SpeedChoice;

/// The choice that a word stands for. Other words must be numbers, which the caller reads.
template <typename Choice>
Choice ReadChoice(const XmlElement& element, const char* attribute,
                  const std::map<std::string, Choice>& words, Choice number) {
  const std::string text(element.Text(attribute));
  const auto found = words.find(text);
  if (found != words.end()) {
    return found->second;
  }
  if (!ParseNumber(text)) {
    std::vector<std::string> known;
    for (const auto& word : words) {
      known.push_back(word.first);
    }
    element.FailAt(attribute, ": ", Quoted(text), " is neither a number nor a known word",
                   DidYouMean(text, known));
  }
  return number;
}

}  // namespace

Departure ReadDeparture(const XmlElement& element) {
  Departure departure;
  if (element.Has("departLane")) {
    departure.lane_choice = ReadChoice<LaneChoice>(element, "departLane",
                                                   {{"first", LaneChoice::kFirst},
                                                    {"free", LaneChoice::kFree},
                                                    {"best", LaneChoice::kBest},
                                                    {"best_prob", LaneChoice::kBest},
                                                    {"random", LaneChoice::kRandom},
                                                    {"allowed", LaneChoice::kAllowed}},
                                                   LaneChoice::kIndex);
    departure.lane = departure.lane_choice == LaneChoice::kIndex ? element.Index("departLane") : 0;
  }
  if (element.Has("departPos")) {
    departure.position_choice = ReadChoice<PositionChoice>(element, "departPos",
                                                           {{"base", PositionChoice::kBase},
                                                            {"random", PositionChoice::kRandom},
                                                            {"free", PositionChoice::kFree},
                                                            {"random_free", PositionChoice::kFree},
                                                            {"last", PositionChoice::kLast}},
                                                           PositionChoice::kMetres);
    const bool metres = departure.position_choice == PositionChoice::kMetres;
    departure.position = metres ? element.Number("departPos") : 0;
  }
  if (element.Has("departSpeed")) {
    departure.speed_choice = ReadChoice<SpeedChoice>(element, "departSpeed",
                                                     {{"max", SpeedChoice::kMax},
                                                      {"desired", SpeedChoice::kDesired},
                                                      {"speedLimit", SpeedChoice::kSpeedLimit},
                                                      {"random", SpeedChoice::kRandom},
                                                      {"last", SpeedChoice::kLast},
                                                      {"avg", SpeedChoice::kAvg}},
                                                     SpeedChoice::kSpeed);
    const bool given = departure.speed_choice == SpeedChoice::kSpeed;
    departure.speed = given ? element.NonNegative("departSpeed", 0) : 0;
  }
  const std::string_view arrival = element.Text("arrivalPos", "max");
  if (arrival != "max" && arrival != "random") {
    departure.arrival_position = element.Number("arrivalPos");
  }
  return departure;
}

}  // namespace tersor::twin
