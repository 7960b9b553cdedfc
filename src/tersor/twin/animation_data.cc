// The data of the page: what web/twin_data.js reads.
#include <algorithm>
#include <cmath>
#include <map>
#include <utility>
#include <vector>

#include "tersor/twin/animation.h"
#include "tersor/twin/column_code.h"
#include "tersor/twin/speed_colors.h"

namespace tersor::twin {
namespace {

constexpr double kPlaceUnit = 0.02;  // m
constexpr int64_t kTurn = 4096;      // units of angle
constexpr double kSpeedUnit = 0.05;  // m/s and m/s^2
constexpr double kTimeUnit = 0.001;  // s

int64_t Quantised(double value, double unit) {
  return std::isfinite(value) ? std::llround(value / unit) : 0;
}

/// A number for the page in three decimals; null where it is not defined.
Json Number(double value) {
  return std::isfinite(value) ? Json(std::round(value * 1000) / 1000) : Json();
}

Json Places(const Polyline& line) {
  Json out = Json::array();
  for (const Point& point : line) {
    out.push_back(Quantised(point.x, kPlaceUnit));
    out.push_back(Quantised(point.y, kPlaceUnit));
  }
  return out;
}

Json LaneData(const Network& network) {
  Json ids = Json::array(), edges = Json::array(), widths = Json::array();
  Json internal = Json::array(), shapes = Json::array();
  for (const Lane& lane : network.lanes) {
    ids.push_back(lane.id);
    edges.push_back(lane.edge);
    widths.push_back(Number(lane.width));
    internal.push_back(network.edges[static_cast<size_t>(lane.edge)].internal ? 1 : 0);
    shapes.push_back(Places(lane.shape));
  }
  return {
      {"id", ids}, {"edge", edges}, {"width", widths}, {"internal", internal}, {"shape", shapes}};
}

Json JunctionData(const Network& network) {
  Json out = Json::array();
  for (const Junction& junction : network.junctions) {
    if (junction.shape.size() > 2) {
      out.push_back(Places(junction.shape));
    }
  }
  return out;
}

/// Where signals show their colours: [lane, signal, link, slot, slots] a way across, the ways of
/// a lane side by side from right to left.
Json StopData(const Network& network) {
  std::map<int32_t, std::vector<const Connection*>> of_lane;
  for (const Connection& connection : network.connections) {
    if (connection.signal >= 0 && connection.link >= 0 && connection.from >= 0) {
      of_lane[connection.from].push_back(&connection);
    }
  }
  const auto rank = [](const Connection* c) {
    return std::string_view("rRsLlt").find(c->direction);
  };
  Json out = Json::array();
  for (auto& [lane, ways] : of_lane) {
    std::stable_sort(ways.begin(), ways.end(),
                     [&](const Connection* a, const Connection* b) { return rank(a) < rank(b); });
    for (size_t slot = 0; slot < ways.size(); ++slot) {
      out.push_back({lane, ways[slot]->signal, ways[slot]->link, slot, ways.size()});
    }
  }
  return out;
}

/// The states of each signal as [frame, state, frame, state, ...], from each change on.
Json SignalData(const Network& network, const Recording& recording) {
  Json ids = Json::array(), changes = Json::array();
  const size_t signals = static_cast<size_t>(recording.signals);
  for (size_t signal = 0; signal < signals; ++signal) {
    ids.push_back(signal < network.signals.size() ? network.signals[signal].id : "");
    Json steps = Json::array();
    int32_t last = -1;
    for (size_t frame = 0; frame < recording.frames(); ++frame) {
      const int32_t state = recording.signal_state[frame * signals + signal];
      if (state != last) {
        steps.push_back(frame);
        steps.push_back(state);
        last = state;
      }
    }
    changes.push_back(steps);
  }
  return {{"id", ids}, {"states", recording.signal_states}, {"changes", changes}};
}

Json VehicleData(const Recording& recording, const std::vector<bool>& are_twins) {
  Json ids = Json::array(), types = Json::array(), lengths = Json::array();
  Json widths = Json::array(), names = Json::array(), twins = Json::array();
  std::map<std::string, size_t> type_of;
  for (const Vehicle& vehicle : recording.vehicles) {
    const auto [type, fresh] = type_of.try_emplace(vehicle.type, type_of.size());
    if (fresh) {
      names.push_back(vehicle.type);
    }
    ids.push_back(vehicle.id);
    types.push_back(type->second);
    lengths.push_back(Number(vehicle.length));
    widths.push_back(Number(vehicle.width));
    if (ids.size() <= are_twins.size() && are_twins[ids.size() - 1]) {
      twins.push_back(ids.size() - 1);
    }
  }
  return {{"id", ids},       {"type", types},  {"length", lengths},
          {"width", widths}, {"types", names}, {"twins", twins}};
}

/// [time, metres, time, metres, ...]
Json SightData(const AnimationOptions& options) {
  Json out = Json::array();
  for (const auto& [time, metres] : options.sight) {
    out.push_back(Number(time));
    out.push_back(Number(metres));
  }
  return out;
}

Json FrameTimes(const Recording& recording) {
  VarintColumn times;
  int64_t last = 0, step = 0;
  for (const double time : recording.time) {
    const int64_t now = Quantised(time, kTimeUnit);
    times.Add(now - last - step);
    step = now - last;
    last = now;
  }
  return Base64(times.bytes());
}

/// A vehicle's entries of consecutive frames. One that vanishes and comes back has several tracks.
struct Track {
  int32_t vehicle;
  size_t first;  // frame
  std::vector<size_t> entries;
};

std::vector<Track> TracksOf(const Recording& recording) {
  std::vector<std::vector<Track>> of_vehicle(recording.vehicles.size());
  for (size_t frame = 0; frame < recording.frames(); ++frame) {
    for (size_t entry = recording.begin[frame]; entry < recording.begin[frame + 1]; ++entry) {
      const int32_t vehicle = recording.vehicle[entry];
      std::vector<Track>& tracks = of_vehicle[static_cast<size_t>(vehicle)];
      if (tracks.empty() || tracks.back().first + tracks.back().entries.size() != frame) {
        tracks.push_back({vehicle, frame, {}});
      }
      tracks.back().entries.push_back(entry);
    }
  }
  std::vector<Track> out;
  for (std::vector<Track>& tracks : of_vehicle) {
    std::move(tracks.begin(), tracks.end(), std::back_inserter(out));
  }
  return out;
}

/// Places by their second differences, which are small while a vehicle keeps its velocity.
void AddPlaces(const Track& track, const std::vector<float>& values, VarintColumn* column) {
  int64_t last = 0, step = 0;
  for (size_t i = 0; i < track.entries.size(); ++i) {
    const int64_t now = Quantised(values[track.entries[i]], kPlaceUnit);
    column->Add(now - last - step);
    step = i == 0 ? 0 : now - last;
    last = now;
  }
}

void AddSpeeds(const Track& track, const std::vector<float>& values, VarintColumn* column) {
  int64_t last = 0;
  for (const size_t entry : track.entries) {
    const int64_t now = Quantised(values[entry], kSpeedUnit);
    column->Add(now - last);
    last = now;
  }
}

/// By the shorter way around.
void AddAngles(const Track& track, const std::vector<float>& degrees, VarintColumn* column) {
  int64_t last = 0;
  for (const size_t entry : track.entries) {
    const int64_t now = Quantised(degrees[entry], 360.0 / kTurn);
    const int64_t turn = ((now - last) % kTurn + kTurn + kTurn / 2) % kTurn - kTurn / 2;
    column->Add(turn);
    last += turn;
  }
}

/// Lanes as runs: how many entries, and the difference to the lane before.
void AddLanes(const Track& track, const std::vector<int32_t>& lanes, VarintColumn* column) {
  int64_t last = 0;
  for (size_t i = 0; i < track.entries.size();) {
    const int32_t lane = lanes[track.entries[i]];
    size_t end = i;
    while (end < track.entries.size() && lanes[track.entries[end]] == lane) {
      ++end;
    }
    column->Add(static_cast<int64_t>(end - i));
    column->Add(lane - last);
    last = lane;
    i = end;
  }
}

Json TrackData(const Recording& recording) {
  VarintColumn heads, x, y, angle, speed, accel, lane;
  const std::vector<Track> tracks = TracksOf(recording);
  for (const Track& track : tracks) {
    heads.Add(track.vehicle);
    heads.Add(static_cast<int64_t>(track.first));
    heads.Add(static_cast<int64_t>(track.entries.size()));
    AddPlaces(track, recording.x, &x);
    AddPlaces(track, recording.y, &y);
    AddAngles(track, recording.angle, &angle);
    AddSpeeds(track, recording.speed, &speed);
    AddSpeeds(track, recording.accel, &accel);
    AddLanes(track, recording.lane, &lane);
  }
  return {{"count", tracks.size()},         {"entries", recording.vehicle.size()},
          {"heads", Base64(heads.bytes())}, {"x", Base64(x.bytes())},
          {"y", Base64(y.bytes())},         {"angle", Base64(angle.bytes())},
          {"speed", Base64(speed.bytes())}, {"accel", Base64(accel.bytes())},
          {"lane", Base64(lane.bytes())}};
}

Json ConflictData(std::span<const ConflictMark> conflicts) {
  std::vector<ConflictMark> sorted(conflicts.begin(), conflicts.end());
  for (ConflictMark& c : sorted) {
    c.time = std::isfinite(c.time) ? c.time : c.begin;
  }
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const ConflictMark& a, const ConflictMark& b) { return a.time < b.time; });
  Json out = Json::array();
  for (const ConflictMark& c : sorted) {
    out.push_back({{"first", c.first},
                   {"second", c.second},
                   {"begin", Number(c.begin)},
                   {"end", Number(c.end)},
                   {"time", Number(c.time)},
                   {"x", Number(c.point.x)},
                   {"y", Number(c.point.y)},
                   {"type", c.type},
                   {"band", SeverityBand(c)},
                   {"ttc", Number(c.ttc)},
                   {"drac", Number(c.drac)},
                   {"pet", Number(c.pet)}});
  }
  return out;
}

/// Of the roads; where there are none, of everyone's places.
Json Bounds(const Network& network, const Recording& recording) {
  Point low = network.low, high = network.high;
  if (high.x - low.x <= 0 && high.y - low.y <= 0) {
    for (size_t i = 0; i < recording.x.size(); ++i) {
      const Point at = {recording.x[i], recording.y[i]};
      low = i == 0 ? at : Point{std::min(low.x, at.x), std::min(low.y, at.y)};
      high = i == 0 ? at : Point{std::max(high.x, at.x), std::max(high.y, at.y)};
    }
  }
  return {Number(low.x), Number(low.y), Number(high.x), Number(high.y)};
}

}  // namespace

Json AnimationData(const Network& network, const Recording& recording,
                   std::span<const ConflictMark> conflicts, const AnimationOptions& options) {
  return {{"title", options.title},
          {"placeUnit", kPlaceUnit},
          {"turn", kTurn},
          {"speedUnit", kSpeedUnit},
          {"timeUnit", kTimeUnit},
          {"bounds", Bounds(network, recording)},
          {"lanes", LaneData(network)},
          {"junctions", JunctionData(network)},
          {"stops", StopData(network)},
          {"signals", SignalData(network, recording)},
          {"vehicles", VehicleData(recording, options.twins)},
          {"sight", SightData(options)},
          {"frames", recording.frames()},
          {"times", FrameTimes(recording)},
          {"tracks", TrackData(recording)},
          {"conflicts", ConflictData(conflicts)},
          {"topSpeed", TopSpeed(recording)},
          {"speedColors", kSpeedColors}};
}

}  // namespace tersor::twin
