#include <fmt/format.h>
#include <zlib.h>

#include <cmath>
#include <iterator>
#include <string_view>

#include "tersor/report/html.h"
#include "tersor/twin/fcd.h"
#include "tersor/util/error.h"
#include "tersor/util/file.h"

namespace tersor::twin {
namespace {

constexpr size_t kFlushAt = size_t{1} << 20;

// Without a minus before what rounds to zero.
void AppendNumber(std::string* out, double value, int precision) {
  if (std::abs(value) < 0.5 * std::pow(10.0, -precision)) {
    value = 0;
  }
  fmt::format_to(std::back_inserter(*out), "{:.{}f}", value, precision);
}

}  // namespace

// The file, compressed or not.
class FcdWriter::Output {
 public:
  explicit Output(const std::string& path)
      : path_(path), file_(path), compressed_(path.ends_with(".gz")) {
    // 16 more than the largest window asks for gzip's header.
    TERSOR_CHECK(!compressed_ || deflateInit2(&stream_, Z_DEFAULT_COMPRESSION, Z_DEFLATED,
                                              MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK,
                 path, ": cannot be compressed");
  }
  ~Output() {
    if (compressed_) {
      deflateEnd(&stream_);
    }
  }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  void Write(std::string_view text, bool last) {
    if (!compressed_) {
      file_.Write(text);
      return;
    }
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream_.avail_in = static_cast<uInt>(text.size());
    std::string chunk(kFlushAt, '\0');
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(chunk.data());
      stream_.avail_out = static_cast<uInt>(chunk.size());
      deflate(&stream_, last ? Z_FINISH : Z_NO_FLUSH);
      file_.Write(chunk.data(), chunk.size() - stream_.avail_out);
    } while (stream_.avail_out == 0);
  }
  void Commit() { file_.Commit(); }

 private:
  std::string path_;
  AtomicFile file_;
  bool compressed_;
  z_stream stream_{};
};

FcdWriter::FcdWriter(const std::string& path, const Network& network,
                     const FcdWriterOptions& options)
    : network_(network), options_(options), output_(std::make_unique<Output>(path)) {
  text_ = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\n<fcd-export>\n";
}

FcdWriter::~FcdWriter() = default;

void FcdWriter::Write(const Snapshot& snapshot, std::span<const Vehicle> vehicles) {
  const auto number = [&](std::string_view name, double value) {
    text_ += name;
    AppendNumber(&text_, value, options_.precision);
  };
  number("    <timestep time=\"", snapshot.time);
  text_ += snapshot.size() == 0 ? "\"/>\n" : "\">\n";
  for (size_t i = 0; i < snapshot.vehicle.size(); ++i) {
    const Vehicle& vehicle = vehicles[static_cast<size_t>(snapshot.vehicle[i])];
    text_ += "        <vehicle id=\"";
    text_ += report::Escape(vehicle.id);
    number("\" x=\"", snapshot.x[i]);
    number("\" y=\"", snapshot.y[i]);
    number("\" angle=\"", snapshot.angle[i]);
    text_ += "\" type=\"";
    text_ += report::Escape(vehicle.type);
    number("\" speed=\"", snapshot.speed[i]);
    number("\" pos=\"", snapshot.position[i]);
    text_ += "\" lane=\"";
    if (snapshot.lane[i] >= 0) {
      text_ += report::Escape(network_.lanes[static_cast<size_t>(snapshot.lane[i])].id);
    }
    number("\" slope=\"", 0);
    if (options_.acceleration) {
      number("\" acceleration=\"", snapshot.accel[i]);
    }
    text_ += "\"/>\n";
  }
  text_ += snapshot.size() == 0 ? "" : "    </timestep>\n";
  if (text_.size() >= kFlushAt) {
    output_->Write(text_, false);
    text_.clear();
  }
}

void FcdWriter::Close() {
  text_ += "</fcd-export>\n";
  output_->Write(text_, true);
  text_.clear();
  output_->Commit();
}

}  // namespace tersor::twin
