// The result record: every verb ends by writing one, and reports are drawn from records only.
#ifndef TERSOR_UTIL_RECORD_H_
#define TERSOR_UTIL_RECORD_H_

#include <cstdint>
#include <string>

#include "tersor/util/json.h"

namespace tersor {

/// {"tersor": version, "verb", "config", "machine", "seed", "metrics", "rows", "seconds"}.
struct Record {
  std::string verb;
  Json config = Json::object();
  uint64_t seed = 0;
  Json metrics = Json::object();  // name -> number, in the field's own names
  Json rows = Json::array();      // tables: one object a row
  Json series = Json::object();   // curves: name -> {"x": [...], "y": [...], "x_label", "y_label"}
  Json maps = Json::array();      // pictures: {"title", "x_label", "y_label", "cells": [rows]}, a
                                  // row being a text of '0' (faint) to '9' (full) and '.' (none)
  double seconds = 0;

  Json ToJson() const;
};

/// {"cpu", "isa", "cores", "threads", "memory_gb", "blas"}; blas is what the process has loaded.
Json DescribeMachine();

/// The BLAS of this process, such as "OpenBLAS 0.3.21 SkylakeX"; "" where none is loaded and
/// "reference" for one without its own kernels.
std::string LoadedBlas();

/// Writes the record atomically. Throws Error naming the path.
void WriteRecord(const std::string& path, const Record& record);

/// The version of tersor, such as "0.1.0".
const char* Version();

}  // namespace tersor

#endif  // TERSOR_UTIL_RECORD_H_
