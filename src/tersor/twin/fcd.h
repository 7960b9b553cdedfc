// Floating car data: SUMO's FCD files, written by us, by SUMO or made of what was observed on a
// road, and read as the snapshots that a simulation would give.
#ifndef TERSOR_TWIN_FCD_H_
#define TERSOR_TWIN_FCD_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "tersor/twin/network.h"
#include "tersor/twin/traffic.h"

namespace tersor::twin {

struct FcdWriterOptions {
  int precision = 2;  // digits after the point
  bool acceleration = false;
};

/// Writes snapshots one by one; the file appears under its name at Close() only.
class FcdWriter {
 public:
  /// A name that ends in .gz is compressed. Throws Error naming the path.
  FcdWriter(const std::string& path, const Network& network, const FcdWriterOptions& options = {});
  ~FcdWriter();
  FcdWriter(const FcdWriter&) = delete;
  FcdWriter& operator=(const FcdWriter&) = delete;

  void Write(const Snapshot& snapshot, std::span<const Vehicle> vehicles);
  void Close();

 private:
  class Output;
  const Network& network_;
  FcdWriterOptions options_;
  std::unique_ptr<Output> output_;
  std::string text_;
};

struct FcdReaderOptions {
  /// What is known of vehicles from elsewhere, by id: type, length, width, route. A vehicle that is
  /// not among them, or does not drive that route, gets its recorded path as its route.
  std::unordered_map<std::string, Vehicle> known;
};

/// Reads a file twice: at first its vehicles and their paths, then step by step. Attributes that
/// are missing are made up for: `lane` and `pos` by the nearest lane, `angle`, `speed` and
/// `acceleration` by the vehicle's motion; further ones and other elements are passed over.
class FcdReader {
 public:
  /// Throws Error naming file, line and column: no FCD, missing id, x or y, what is no number, a
  /// lane that the network does not have, time that goes backwards, a vehicle twice in a step.
  FcdReader(const std::string& path, const Network& network, const FcdReaderOptions& options = {});
  ~FcdReader();
  FcdReader(const FcdReader&) = delete;
  FcdReader& operator=(const FcdReader&) = delete;

  /// Advances to the next time step; false at the file's end.
  bool Next();
  const Snapshot& snapshot() const;
  /// All of the file's, in the order of their appearance.
  std::span<const Vehicle> vehicles() const;
  /// The shortest time between two steps of the file, in s; 0 if there is one step only.
  double step_length() const;
  /// Rows whose vehicle was on no lane (or farther than MapMatcher reaches from any), up to now.
  int64_t rows_off_network() const;

 private:
  class Source;
  class Survey;
  std::unique_ptr<Source> source_;
};

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_FCD_H_
