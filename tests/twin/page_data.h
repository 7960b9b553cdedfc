// Reads back what an animation's page embeds, from the description in twin/animation.h alone.
#ifndef TERSOR_TESTS_TWIN_PAGE_DATA_H_
#define TERSOR_TESTS_TWIN_PAGE_DATA_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tersor/util/json.h"

namespace tersor::twin {

/// Zigzag varints of a base64 text.
class ColumnReader {
 public:
  explicit ColumnReader(const std::string& base64) {
    const std::string_view digits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t bits = 0;
    int held = 0;
    for (const char c : base64) {
      if (c == '=') {
        break;
      }
      bits = (bits << 6 | static_cast<uint32_t>(digits.find(c))) & 0xffff;
      held += 6;
      if (held >= 8) {
        held -= 8;
        bytes_ += static_cast<char>(bits >> held & 255);
      }
    }
  }

  int64_t Next() {
    uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
      const unsigned char byte = static_cast<unsigned char>(bytes_.at(at_++));
      value |= static_cast<uint64_t>(byte & 127) << shift;
      if (byte < 128) {
        break;
      }
    }
    return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
  }

 private:
  std::string bytes_;
  size_t at_ = 0;
};

struct DecodedRun {
  struct Entry {
    int32_t vehicle, lane;
    size_t frame;
    double x, y, angle, speed, accel;
  };
  std::vector<double> time;
  std::vector<Entry> entries;  // track by track

  explicit DecodedRun(const Json& data) {
    ColumnReader times(data["times"]);
    int64_t value = 0, step = 0;
    for (int64_t frame = 0; frame < data["frames"].get<int64_t>(); ++frame) {
      step += times.Next();
      value += step;
      time.push_back(static_cast<double>(value) * data["timeUnit"].get<double>());
    }
    const Json& tracks = data["tracks"];
    ColumnReader heads(tracks["heads"]), x(tracks["x"]), y(tracks["y"]), angle(tracks["angle"]);
    ColumnReader speed(tracks["speed"]), accel(tracks["accel"]), lane(tracks["lane"]);
    const double place = data["placeUnit"], rate = data["speedUnit"], turn = data["turn"];
    for (int64_t track = 0; track < tracks["count"].get<int64_t>(); ++track) {
      const int64_t vehicle = heads.Next(), first = heads.Next(), count = heads.Next();
      int64_t px = 0, py = 0, sx = 0, sy = 0, a = 0, v = 0, acc = 0, l = 0, run = 0;
      for (int64_t i = 0; i < count; ++i, --run) {
        const int64_t dx = sx + x.Next(), dy = sy + y.Next();
        px += dx;
        py += dy;
        sx = i > 0 ? dx : 0;
        sy = i > 0 ? dy : 0;
        a += angle.Next();
        v += speed.Next();
        acc += accel.Next();
        if (run == 0) {
          run = lane.Next();
          l += lane.Next();
        }
        entries.push_back({static_cast<int32_t>(vehicle), static_cast<int32_t>(l),
                           static_cast<size_t>(first + i), static_cast<double>(px) * place,
                           static_cast<double>(py) * place, static_cast<double>(a) * 360 / turn,
                           static_cast<double>(v) * rate, static_cast<double>(acc) * rate});
      }
    }
  }
};

}  // namespace tersor::twin

#endif  // TERSOR_TESTS_TWIN_PAGE_DATA_H_
