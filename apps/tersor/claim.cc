#include "claim.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "tersor/util/config.h"
#include "tersor/util/error.h"
#include "tersor/util/file.h"

namespace tersor::cli {
namespace {

namespace fs = std::filesystem;

std::string At(const std::string& path, const YAML::Node& node) {
  return path + ":" + std::to_string(node.Mark().line + 1);
}

void CheckKeys(const YAML::Node& map, const std::vector<std::string>& known,
               const std::string& path) {
  if (!map.IsMap()) {
    FailUsage(At(path, map), ": expected a mapping with ", known.front());
  }
  for (const auto& entry : map) {
    const std::string key = entry.first.Scalar();
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      const std::string nearest = NearestName(key, known);
      FailUsage(At(path, entry.first), ": unknown key ", key,
                nearest.empty() ? "" : "; did you mean " + nearest + "?");
    }
  }
}

void ReplaceAll(std::string& text, const std::string& place, const std::string& value) {
  for (size_t at = 0; (at = text.find(place, at)) != std::string::npos; at += value.size()) {
    text.replace(at, place.size(), value);
  }
}

/// A cell for each combination of the values of `for`, the last one fastest.
std::vector<ClaimCell> Expand(const ClaimCell& cell, const YAML::Node& loops,
                              const std::string& path) {
  std::vector<ClaimCell> cells = {cell};
  if (!loops) {
    return cells;
  }
  if (!loops.IsMap()) {
    FailUsage(At(path, loops), ": `for` maps names to lists of values");
  }
  for (const auto& loop : loops) {
    const std::string place = "{" + loop.first.Scalar() + "}";
    if (!loop.second.IsSequence() || cell.name.find(place) == std::string::npos) {
      FailUsage(At(path, loop.first), ": ", place,
                " must have a list of values, and be part of the cell's name");
    }
    std::vector<ClaimCell> more;
    for (const ClaimCell& one : cells) {
      for (const std::string& value : loop.second.as<std::vector<std::string>>()) {
        ClaimCell& next = more.emplace_back(one);
        ReplaceAll(next.name, place, value);
        for (std::string& argument : next.run) {
          ReplaceAll(argument, place, value);
        }
      }
    }
    cells = std::move(more);
  }
  return cells;
}

ClaimCell ReadCell(const YAML::Node& node, const std::string& path) {
  CheckKeys(node, {"name", "run", "for", "full", "seeds"}, path);
  ClaimCell cell;
  if (!node["name"] || !node["run"] || !node["run"].IsSequence()) {
    FailUsage(At(path, node), ": a cell needs name and run (a list of arguments)");
  }
  cell.name = node["name"].as<std::string>();
  cell.run = node["run"].as<std::vector<std::string>>();
  cell.full = node["full"] && node["full"].as<bool>();
  cell.seeds = node["seeds"] ? node["seeds"].as<int64_t>() : 1;
  if (cell.seeds < 1) {
    FailUsage(At(path, node), ": a cell's seeds must be above 0");
  }
  if (cell.name.empty() || cell.name.find('/') != std::string::npos || cell.run.empty()) {
    FailUsage(At(path, node), ": a cell's name is a file name and its run is not empty");
  }
  return cell;
}

}  // namespace

Claim ReadClaim(const std::string& path) {
  Claim claim;
  claim.name = fs::path(path).stem().string();
  try {
    const YAML::Node root = YAML::Load(ReadFile(path));
    CheckKeys(root, {"claim", "side_by_side", "cells"}, path);
    claim.text = root["claim"].as<std::string>();
    claim.side_by_side = root["side_by_side"] && root["side_by_side"].as<bool>();
    std::set<std::string> names;
    for (const YAML::Node& node : root["cells"]) {
      for (const ClaimCell& cell : Expand(ReadCell(node, path), node["for"], path)) {
        if (!names.insert(cell.name).second) {
          FailUsage(At(path, node), ": two cells are named ", cell.name);
        }
        claim.cells.push_back(cell);
      }
    }
  } catch (const YAML::Exception& e) {
    FailUsage(path, ":", e.mark.line + 1, ": ", e.msg);
  }
  return claim;
}

std::string ResourceFolder() {
  const fs::path here = fs::read_symlink("/proc/self/exe").parent_path();
  for (const fs::path& folder : {fs::current_path(), here / "../..", here / "../share/tersor"}) {
    if (fs::is_directory(folder / "recipes")) {
      return fs::canonical(folder).string();
    }
  }
  Fail("no recipes/ folder here or beside the program; run from the project's folder");
}

}  // namespace tersor::cli
