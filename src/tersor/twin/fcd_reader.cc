#include <algorithm>
#include <charconv>
#include <cmath>
#include <numbers>
#include <optional>
#include <string_view>
#include <utility>

#include "tersor/twin/fcd.h"
#include "tersor/twin/map_match.h"
#include "tersor/twin/recorded_paths.h"
#include "tersor/twin/ssm_measures.h"
#include "tersor/twin/xml_stream.h"
#include "tersor/util/error.h"
#include "tersor/util/log.h"
#include "tersor/util/quoted.h"

namespace tersor::twin {
namespace {

size_t Index(int32_t index) { return static_cast<size_t>(index); }

// Less than this is no motion from which a direction can be told.
constexpr double kMoved = 0.1;  // m

// Well beyond any projection's coordinates.
constexpr double kFarthest = 1e9;  // m

struct IdHash {
  using is_transparent = void;
  size_t operator()(std::string_view id) const { return std::hash<std::string_view>{}(id); }
};

// One vehicle at one time, as the file has it; NaN and -1 for what it does not say.
struct Row {
  int32_t vehicle = -1, lane = -1;
  double x = kNotAvailable, y = kNotAvailable, angle = kNotAvailable, speed = kNotAvailable;
  double accel = kNotAvailable, position = kNotAvailable;
};

// What the earlier rows of a vehicle say.
struct Track {
  int64_t step = -1;  // of the last row
  int64_t rows = 0;
  double time = 0, x = 0, y = 0, heading = kNotAvailable, speed = kNotAvailable;
  int32_t lane = -1, route_index = 0;
  double first_heading = kNotAvailable, first_speed = kNotAvailable;  // from its second row
};

}  // namespace

class FcdReader::Source {
 public:
  Source(const std::string& path, const Network& network, const FcdReaderOptions& options)
      : path_(path), network_(network), paths_(network) {
    Survey(options);
  }

  bool Next() {
    if (!ReadStep()) {
      return false;
    }
    std::ranges::sort(rows_, {}, &Row::vehicle);
    snapshot_.time = time_;
    const size_t count = rows_.size();
    for (auto* field : {&snapshot_.x, &snapshot_.y, &snapshot_.angle, &snapshot_.speed,
                        &snapshot_.accel, &snapshot_.position}) {
      field->resize(count);
    }
    for (auto* field : {&snapshot_.vehicle, &snapshot_.lane, &snapshot_.route_index}) {
      field->resize(count);
    }
    for (size_t i = 0; i < count; ++i) {
      const Row& row = rows_[i];
      snapshot_.vehicle[i] = row.vehicle;
      snapshot_.lane[i] = row.lane;
      snapshot_.x[i] = row.x;
      snapshot_.y[i] = row.y;
      snapshot_.angle[i] = row.angle;
      snapshot_.speed[i] = row.speed;
      snapshot_.accel[i] = row.accel;
      snapshot_.position[i] = row.position;
      snapshot_.route_index[i] = RouteIndex(row);
      rows_off_network_ += row.lane < 0 ? 1 : 0;
    }
    return true;
  }

  const Snapshot& snapshot() const { return snapshot_; }
  std::span<const Vehicle> vehicles() const { return vehicles_; }
  double step_length() const { return step_length_ == kNever ? 0 : step_length_; }
  int64_t rows_off_network() const { return rows_off_network_; }

 private:
  // The first pass: who there is, and along which edges.
  void Survey(const FcdReaderOptions& options) {
    surveying_ = true;
    Open();
    while (ReadStep()) {
      for (const Row& row : rows_) {
        if (row.lane >= 0) {
          paths_.See(row.vehicle, row.lane);
        }
      }
    }
    int64_t strayed = 0;
    for (size_t v = 0; v < vehicles_.size(); ++v) {
      Vehicle& vehicle = vehicles_[v];
      const auto index = static_cast<int32_t>(v);
      const auto known = options.known.find(vehicle.id);
      if (known != options.known.end()) {
        vehicle.type = known->second.type;
        vehicle.length = known->second.length;
        vehicle.width = known->second.width;
        vehicle.route = known->second.route;
        strayed += vehicle.route.empty() || paths_.Follows(index, vehicle.route) ? 0 : 1;
      }
      if (vehicle.route.empty() || !paths_.Follows(index, vehicle.route)) {
        vehicle.route = paths_.Route(index);
      }
    }
    if (strayed > 0) {
      log::Warn("{}: {} vehicles leave their routes; the paths that they drove count", path_,
                strayed);
    }
    surveying_ = false;
    Open();
  }

  void Open() {
    stream_ = std::make_unique<XmlStream>(path_);
    for (Track& track : tracks_) {
      track = {.first_heading = track.first_heading, .first_speed = track.first_speed};
    }
    step_ = -1;
    TERSOR_CHECK(stream_->Next() == XmlStream::Event::kStart && stream_->name() == "fcd-export",
                 stream_->Where(), ": no floating car data; the file begins with <",
                 stream_->name(), ">, not with <fcd-export>");
  }

  bool ReadStep() {
    for (;;) {
      const XmlStream::Event event = stream_->Next();
      if (event == XmlStream::Event::kDone) {
        return false;
      }
      if (event == XmlStream::Event::kStart && stream_->name() == "timestep") {
        BeginStep();
        while (stream_->Next() != XmlStream::Event::kEnd || stream_->name() != "timestep") {
          // A vehicle's end has no attributes.
          if (stream_->name() == "vehicle" && !stream_->attributes().empty()) {
            ReadRow();
          }
        }
        return true;
      }
    }
  }

  void BeginStep() {
    double time = kNotAvailable;
    for (const auto& attribute : stream_->attributes()) {
      if (attribute.name == "time") {
        time = Number(attribute);
      }
    }
    TERSOR_CHECK(!std::isnan(time), stream_->Where(), ": <timestep> without its time");
    TERSOR_CHECK(step_ < 0 || time > time_, stream_->Where(), ": <timestep>: time ", time,
                 " comes after ", time_);
    step_length_ = step_ < 0 ? step_length_ : std::min(step_length_, time - time_);
    time_ = time;
    ++step_;
    rows_.clear();
  }

  double Number(const XmlStream::Attribute& attribute) const {
    double value = 0;
    const char* end = attribute.value.data() + attribute.value.size();
    const auto [stop, error] = std::from_chars(attribute.value.data(), end, value);
    TERSOR_CHECK(error == std::errc() && stop == end && std::isfinite(value), stream_->Where(),
                 ": <", stream_->name(), ">: ", attribute.name, ": ", Quoted(attribute.value),
                 " is no number");
    return value;
  }

  void ReadRow() {
    Row row;
    std::string_view id, type, lane;
    double length = kNotAvailable, width = kNotAvailable;
    const std::pair<std::string_view, double*> numbers[] = {
        {"x", &row.x},         {"y", &row.y},          {"angle", &row.angle},
        {"speed", &row.speed}, {"pos", &row.position}, {"acceleration", &row.accel},
        {"length", &length},   {"width", &width}};
    for (const auto& attribute : stream_->attributes()) {
      if (attribute.name == "id") {
        id = attribute.value;
      } else if (attribute.name == "type") {
        type = attribute.value;
      } else if (attribute.name == "lane") {
        lane = attribute.value;
      } else {
        const auto* number =
            std::ranges::find(numbers, attribute.name, [](const auto& n) { return n.first; });
        if (number != std::end(numbers)) {
          *number->second = Number(attribute);
        }
      }
    }
    TERSOR_CHECK(!id.empty(), stream_->Where(), ": <vehicle> without its id");
    TERSOR_CHECK(!std::isnan(row.x) && !std::isnan(row.y), stream_->Where(),
                 ": <vehicle>: ", Quoted(id), " without its x and y");
    TERSOR_CHECK(std::abs(row.x) < kFarthest && std::abs(row.y) < kFarthest, stream_->Where(),
                 ": <vehicle>: ", Quoted(id), " is farther away than ", kFarthest, " m");
    row.vehicle = VehicleOf(id);
    if (surveying_) {
      Vehicle& vehicle = vehicles_[Index(row.vehicle)];
      vehicle.type = type;
      vehicle.length = length > 0 ? length : vehicle.length;
      vehicle.width = width > 0 ? width : vehicle.width;
    }
    Track& track = tracks_[Index(row.vehicle)];
    TERSOR_CHECK(track.step != step_, stream_->Where(), ": <vehicle>: ", Quoted(id),
                 " a second time at ", time_, " s");
    row.lane = lane.empty() ? -1 : LaneOf(lane, track.lane);
    Complete(&row, &track);
    rows_.push_back(row);
  }

  int32_t VehicleOf(std::string_view id) {
    const auto found = index_of_.find(id);
    if (found != index_of_.end()) {
      return found->second;
    }
    const auto index = static_cast<int32_t>(vehicles_.size());
    index_of_.emplace(id, index);
    vehicles_.emplace_back().id = id;
    tracks_.emplace_back();
    return index;
  }

  int32_t LaneOf(std::string_view id, int32_t previous) const {
    if (previous >= 0 && network_.lanes[Index(previous)].id == id) {
      return previous;
    }
    const int32_t lane = network_.FindLane(std::string(id));
    TERSOR_CHECK(lane >= 0, stream_->Where(), ": <vehicle>: lane: the network has no lane ",
                 Quoted(id), "; is the file of another network?");
    return lane;
  }

  // Fills in what the file does not say and remembers the row.
  void Complete(Row* row, Track* track) {
    const bool first = track->step < 0;
    const double moved = std::hypot(row->x - track->x, row->y - track->y);
    const double elapsed = time_ - track->time;
    double heading = track->heading;
    if (!std::isnan(row->angle)) {
      heading = HeadingOfSumoAngle(row->angle);
    } else if (first) {
      heading = track->first_heading;
    } else if (moved > kMoved) {
      heading = std::atan2(row->y - track->y, row->x - track->x);
    }
    if (std::isnan(row->speed)) {
      row->speed = first ? track->first_speed : moved / elapsed;
      row->speed = std::isnan(row->speed) ? 0 : row->speed;
    }
    if (std::isnan(row->accel)) {
      row->accel = first ? 0 : (row->speed - track->speed) / elapsed;
    }
    if (row->lane < 0 || std::isnan(row->position)) {
      Place(heading, track->lane, row);
    }
    if (std::isnan(row->angle)) {
      if (std::isnan(heading) && row->lane >= 0) {
        const Lane& lane = network_.lanes[Index(row->lane)];
        const double share = row->position / lane.length;
        heading = PoseAt(lane.shape, share * Length(lane.shape)).heading;
      }
      row->angle = std::isnan(heading) ? 0 : SumoAngle(heading);
    }
    ++track->rows;
    if (surveying_ && track->rows == 2) {
      track->first_heading = heading;
      track->first_speed = row->speed;
    }
    track->step = step_;
    track->time = time_;
    track->x = row->x;
    track->y = row->y;
    track->heading = heading;
    track->speed = row->speed;
    track->lane = row->lane;
  }

  // The lane, if it is missing, and the position on it.
  void Place(double heading, int32_t previous, Row* row) {
    if (!matcher_) {
      matcher_.emplace(network_);
    }
    if (row->lane < 0) {
      const LaneMatch match = matcher_->Match({row->x, row->y}, heading, previous);
      row->lane = match.lane;
      row->position = match.position;
      return;
    }
    row->position = matcher_->PositionOn(row->lane, {row->x, row->y});
  }

  int32_t RouteIndex(const Row& row) {
    Track& track = tracks_[Index(row.vehicle)];
    if (row.lane < 0) {
      return track.route_index;
    }
    const std::vector<int32_t>& route = vehicles_[Index(row.vehicle)].route;
    int32_t edge = network_.lanes[Index(row.lane)].edge;
    if (network_.edges[Index(edge)].internal) {
      edge = paths_.EdgeBefore(row.lane);
    }
    const auto at =
        std::find(route.begin() + std::min<ptrdiff_t>(track.route_index, std::ssize(route)),
                  route.end(), edge);
    if (at != route.end()) {
      track.route_index = static_cast<int32_t>(at - route.begin());
    }
    return track.route_index;
  }

  std::string path_;
  const Network& network_;
  RecordedPaths paths_;
  std::optional<MapMatcher> matcher_;
  std::unique_ptr<XmlStream> stream_;
  bool surveying_ = true;
  int64_t step_ = -1, rows_off_network_ = 0;
  double time_ = 0, step_length_ = kNever;
  std::vector<Row> rows_;
  Snapshot snapshot_;
  std::vector<Vehicle> vehicles_;
  std::vector<Track> tracks_;
  std::unordered_map<std::string, int32_t, IdHash, std::equal_to<>> index_of_;
};

FcdReader::FcdReader(const std::string& path, const Network& network,
                     const FcdReaderOptions& options)
    : source_(std::make_unique<Source>(path, network, options)) {}

FcdReader::~FcdReader() = default;

bool FcdReader::Next() { return source_->Next(); }
const Snapshot& FcdReader::snapshot() const { return source_->snapshot(); }
std::span<const Vehicle> FcdReader::vehicles() const { return source_->vehicles(); }
double FcdReader::step_length() const { return source_->step_length(); }
int64_t FcdReader::rows_off_network() const { return source_->rows_off_network(); }

}  // namespace tersor::twin
