#include "tersor/io/clip_file.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <set>
#include <utility>

#include "tersor/io/config_reader.h"
#include "tersor/util/content_hash.h"
#include "tersor/util/error.h"
#include "tersor/util/file.h"
#include "tersor/util/quoted.h"

namespace tersor::io {
namespace {

constexpr char kFormat[] = "tersor-clips-1";
constexpr int64_t kMostSide = 4096;
constexpr int64_t kMostClips = int64_t{1} << 40;
constexpr size_t kMostClasses = 1 << 20;
constexpr double kMostFps = 1000;

int64_t InRange(const ConfigReader& in, const char* key, int64_t low, int64_t high) {
  const int64_t value = in.Int(key);
  TERSOR_CHECK(value >= low && value <= high, in.source(), ": field ", key, " is ", value,
               "; it must be in ", low, " .. ", high);
  return value;
}

const Json& ListOf(const ConfigReader& in, const char* key) {
  TERSOR_CHECK(in.Has(key) && in.At(key).is_array(), in.source(), ": field ", key,
               " must be a list");
  return in.At(key);
}

std::vector<std::string> ReadClasses(const ConfigReader& in) {
  std::vector<std::string> classes;
  for (const Json& name : ListOf(in, "classes")) {
    TERSOR_CHECK(name.is_string(), in.source(), ": field classes must hold names");
    classes.push_back(name.get<std::string>());
  }
  CheckClipClasses(classes, in.source());
  return classes;
}

std::vector<ClipShard> ReadShards(const ConfigReader& in, int64_t clips) {
  std::vector<ClipShard> shards;
  int64_t sum = 0;
  for (const Json& entry : ListOf(in, "shards")) {
    const std::string where = in.source() + ": shard " + std::to_string(shards.size());
    TERSOR_CHECK(entry.is_object(), where, " must be an object");
    const ConfigReader fields(entry, where);
    ClipShard shard{fields.Text("file", ""), InRange(fields, "clips", 1, kMostClips),
                    fields.Text("hash", "")};
    TERSOR_CHECK(!shard.file.empty() && shard.file.find('/') == std::string::npos &&
                     shard.file.find('\0') == std::string::npos && shard.file != "..",
                 where, ": ", Quoted(shard.file), " must be a file name in the same folder");
    TERSOR_CHECK(shard.clips <= clips - sum, where, ": the shards hold more than ", clips,
                 " clips");
    sum += shard.clips;
    shards.push_back(std::move(shard));
  }
  TERSOR_CHECK(sum == clips, in.source(), ": the shards hold ", sum, " of ", clips, " clips");
  return shards;
}

/// Where the training clips end.
int64_t ReadSplits(const ConfigReader& in, int64_t clips) {
  TERSOR_CHECK(in.Has("splits") && in.At("splits").is_object(), in.source(),
               ": field splits must be an object");
  const ConfigReader splits(in.At("splits"), in.source() + ": splits");
  int64_t border = 0;
  for (const char* name : {"train", "validation"}) {
    const Json& range = ListOf(splits, name);
    TERSOR_CHECK(range.size() == 2, splits.source(), ": ", name, " must be [first, end]");
    const int64_t first = splits.IntOf(range[0], name), end = splits.IntOf(range[1], name);
    TERSOR_CHECK(first == border && end >= first && end <= clips, splits.source(), ": ", name,
                 " must begin at ", border, " and end by ", clips);
    border = name == std::string_view("train") ? end : border;
    TERSOR_CHECK(name == std::string_view("train") || end == clips, splits.source(),
                 ": validation must end at ", clips);
  }
  return border;
}

}  // namespace

void CheckClipClasses(const std::vector<std::string>& classes, const std::string& source) {
  TERSOR_CHECK(!classes.empty() && classes.size() <= kMostClasses, source,
               ": there must be at least one class and at most ", kMostClasses);
  std::set<std::string_view> seen;
  for (const std::string& name : classes) {
    TERSOR_CHECK(!name.empty() && seen.insert(name).second, source, ": class ", Quoted(name),
                 " is named twice, or empty");
  }
}

void CheckClipShape(const ClipShape& shape, double fps, const std::string& source) {
  for (const auto& [field, value] :
       {std::pair("frames", shape.frames), {"height", shape.height}, {"width", shape.width}}) {
    TERSOR_CHECK(value >= 1 && value <= kMostSide, source, ": field ", field, " is ", value,
                 "; it must be in 1 .. ", kMostSide);
  }
  TERSOR_CHECK(fps > 0 && fps <= kMostFps, source, ": field fps is ", fps,
               "; it must be above 0 and at most ", kMostFps);
}

ClipSetDescription ParseClipSet(std::string_view text, const std::string& source) {
  const Json json = ParseJson(text, source);
  TERSOR_CHECK(json.is_object(), source, ": not a JSON object");
  const ConfigReader in(json, source);
  TERSOR_CHECK(in.Text("format", "") == kFormat, source, ": field format is not ", kFormat);
  ClipSetDescription description;
  description.classes = ReadClasses(in);
  description.shape = {InRange(in, "frames", 1, kMostSide), InRange(in, "height", 1, kMostSide),
                       InRange(in, "width", 1, kMostSide)};
  InRange(in, "channels", ClipShape::kChannels, ClipShape::kChannels);
  description.fps = in.Number("fps", 0);
  CheckClipShape(description.shape, description.fps, source);
  description.clips = InRange(in, "clips", 1, kMostClips);
  description.train = ReadSplits(in, description.clips);
  description.shards = ReadShards(in, description.clips);
  description.hash = in.Text("hash", "");
  if (in.Has("origin")) {
    description.origin = in.At("origin");
  }
  return description;
}

Json ClipSetJson(const ClipSetDescription& description) {
  Json shards = Json::array();
  for (const ClipShard& shard : description.shards) {
    shards.push_back({{"file", shard.file}, {"clips", shard.clips}, {"hash", shard.hash}});
  }
  return {
      {"format", kFormat},
      {"classes", description.classes},
      {"frames", description.shape.frames},
      {"height", description.shape.height},
      {"width", description.shape.width},
      {"channels", ClipShape::kChannels},
      {"fps", description.fps},
      {"clips", description.clips},
      {"splits",
       {{"train", {0, description.train}}, {"validation", {description.train, description.clips}}}},
      {"shards", shards},
      {"hash", description.hash},
      {"origin", description.origin}};
}

std::string ClipShardHash(std::span<const int64_t> labels, std::span<const uint8_t> pixels) {
  tersor::ContentHash hash;
  hash.Add({reinterpret_cast<const char*>(labels.data()), labels.size_bytes()});
  hash.Add({reinterpret_cast<const char*>(pixels.data()), pixels.size()});
  return hash.Text();
}

ClipShardFile::ClipShardFile(const std::string& path, const ClipShape& shape, int64_t classes)
    : store_(TensorStore::Open(path)), clip_bytes_(shape.bytes()) {
  const HostTensor &labels = store_.Get("labels"), &clips = store_.Get("clips");
  TERSOR_CHECK(labels.dtype == Dtype::kI64 && labels.shape.size() == 1, path,
               ": tensor labels must be I64 [clips]");
  const std::vector<int64_t> wanted = {labels.shape[0], shape.frames, shape.height, shape.width,
                                       ClipShape::kChannels};
  TERSOR_CHECK(clips.dtype == Dtype::kU8 && clips.shape == wanted, path,
               ": tensor clips must be U8 [", wanted[0], ", ", wanted[1], ", ", wanted[2], ", ",
               wanted[3], ", ", wanted[4], "]");
  labels_.resize(static_cast<size_t>(labels.shape[0]));
  if (!labels_.empty()) {  // which need not lie at a multiple of eight bytes
    std::memcpy(labels_.data(), labels.bytes.data(), labels.bytes.size());
  }
  for (const int64_t label : labels_) {
    TERSOR_CHECK(label >= 0 && label < classes, path, ": tensor labels has ", label, "; there are ",
                 classes, " classes");
  }
  pixels_ = {reinterpret_cast<const uint8_t*>(clips.bytes.data()), clips.bytes.size()};
}

std::span<const uint8_t> ClipShardFile::clip(int64_t clip) const {
  return pixels_.subspan(static_cast<size_t>(clip * clip_bytes_), static_cast<size_t>(clip_bytes_));
}

std::string ClipShardFile::Metadata(const std::string& key) const {
  const auto found = store_.metadata().find(key);
  return found == store_.metadata().end() ? "" : found->second;
}

std::string ClipShardFile::ContentHash() const { return ClipShardHash(labels_, pixels_); }

ClipSet ClipSet::Open(const std::string& folder) {
  ClipSet set;
  set.folder_ = folder;
  const std::string path = folder + "/dataset.json";
  set.description_ = ParseClipSet(ReadFile(path), path);
  int64_t first = 0;
  for (const ClipShard& shard : set.description_.shards) {
    const std::string file = folder + "/" + shard.file;
    set.shards_.emplace_back(file, set.description_.shape,
                             static_cast<int64_t>(set.description_.classes.size()));
    const ClipShardFile& stored = set.shards_.back();
    TERSOR_CHECK(stored.clips() == shard.clips && stored.Metadata("hash") == shard.hash, file,
                 ": does not belong to ", path, ", which lists other clips under this name");
    set.first_.push_back(first);
    first += shard.clips;
  }
  set.first_.push_back(first);
  return set;
}

std::pair<const ClipShardFile*, int64_t> ClipSet::Find(int64_t index) const {
  assert(index >= 0 && index < size());
  const auto after = std::upper_bound(first_.begin(), first_.end(), index);
  const auto shard = static_cast<size_t>(after - first_.begin() - 1);
  return {&shards_[shard], index - first_[shard]};
}

int64_t ClipSet::Label(int64_t index) const {
  const auto [shard, place] = Find(index);
  return shard->label(place);
}

std::span<const uint8_t> ClipSet::Clip(int64_t index) const {
  const auto [shard, place] = Find(index);
  return shard->clip(place);
}

void ClipSet::Fill(int64_t index, std::span<float> values) const {
  const std::span<const uint8_t> pixels = Clip(index);
  assert(values.size() == pixels.size());
  std::transform(pixels.begin(), pixels.end(), values.begin(),
                 [](uint8_t value) { return static_cast<float>(value) / 127.5F - 1; });
}

void ClipSet::Verify() const {
  for (size_t i = 0; i < shards_.size(); ++i) {
    const ClipShard& shard = description_.shards[i];
    TERSOR_CHECK(shards_[i].ContentHash() == shard.hash, folder_, "/", shard.file,
                 ": the content is not what was written; the file is damaged");
  }
}

}  // namespace tersor::io
