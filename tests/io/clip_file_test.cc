#include "tersor/io/clip_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "tersor/io/clip_writer.h"
#include "tersor/util/error.h"
#include "test_files.h"

namespace tersor::io {
namespace {

namespace fs = std::filesystem;
using testing::Slurp;
using testing::Spill;
using testing::TemporaryFolder;

constexpr ClipShape kShape{2, 3, 5};

ClipSetDescription Describe(int64_t clips) {
  ClipSetDescription description;
  description.classes = {"dry", "wet"};
  description.shape = kShape;
  description.fps = 8;
  description.clips = clips;
  description.train = clips - 1;
  description.origin = {{"seed", 3}};
  return description;
}

/// Pixels of clip `index`, each clip's its own.
std::vector<uint8_t> Pixels(int64_t index) {
  std::vector<uint8_t> pixels(static_cast<size_t>(kShape.bytes()));
  for (size_t i = 0; i < pixels.size(); ++i) {
    pixels[i] = static_cast<uint8_t>(7 * i + 31 * static_cast<size_t>(index));
  }
  return pixels;
}

constexpr int64_t kShardBytes = 3 * kShape.bytes() + 1;  // three clips

/// Writes clips until `until` of `clips` are there, and finishes a complete set.
void Write(const std::string& folder, int64_t clips, int64_t until) {
  ClipWriter writer(folder, Describe(clips), kShardBytes);
  while (writer.stored() < until) {
    const int64_t index = writer.stored();
    writer.Add(Pixels(index), index % 2);
  }
  if (until == clips) {
    writer.Finish();
  }
}

std::string MessageOf(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

/// All files of a folder and their bytes, without the lock.
std::string ContentsOf(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().filename() != ".lock") {
      names.push_back(entry.path().filename().string());
    }
  }
  std::sort(names.begin(), names.end());
  std::string all;
  for (const std::string& name : names) {
    all += name + "\n" + Slurp(folder + "/" + name);
  }
  return all;
}

TEST(ClipFile, WhatIsWrittenComesBack) {
  const TemporaryFolder folder;
  Write(folder.path(), 8, 8);
  const ClipSet set = ClipSet::Open(folder.path());
  EXPECT_EQ(set.size(), 8);
  EXPECT_EQ(set.description().classes, (std::vector<std::string>{"dry", "wet"}));
  EXPECT_EQ(set.description().shape, kShape);
  EXPECT_EQ(set.description().fps, 8);
  EXPECT_EQ(set.description().train, 7);
  EXPECT_EQ(set.description().shards.size(), 3U);
  EXPECT_EQ(set.description().origin["seed"], 3);
  set.Verify();
  for (int64_t clip = 0; clip < 8; ++clip) {
    EXPECT_EQ(set.Label(clip), clip % 2);
    const auto pixels = set.Clip(clip);
    EXPECT_EQ(std::vector<uint8_t>(pixels.begin(), pixels.end()), Pixels(clip));
  }
  std::vector<float> values(static_cast<size_t>(kShape.bytes()));
  set.Fill(0, values);
  EXPECT_EQ(values[0], -1);
  EXPECT_FLOAT_EQ(values[1], 7 / 127.5F - 1);
}

TEST(ClipFile, AnInterruptedWriterGoesOnWithTheSameBytes) {
  const TemporaryFolder whole, parts;
  Write(whole.path(), 8, 8);
  Write(parts.path(), 8, 5);  // of the second shard two clips, which are lost
  EXPECT_THROW(ClipSet::Open(parts.path()), Error);
  EXPECT_FALSE(fs::exists(parts / "dataset.json"));
  EXPECT_EQ(ClipWriter(parts.path(), Describe(8), kShardBytes).stored(), 3);
  Write(parts.path(), 8, 8);
  EXPECT_EQ(ContentsOf(parts.path()), ContentsOf(whole.path()));
  // Again, with nothing left to do.
  Write(parts.path(), 8, 8);
  EXPECT_EQ(ContentsOf(parts.path()), ContentsOf(whole.path()));
}

TEST(ClipFile, ASetGrows) {
  const TemporaryFolder whole, grown;
  Write(whole.path(), 8, 8);
  Write(grown.path(), 4, 4);
  Write(grown.path(), 8, 8);
  EXPECT_EQ(ContentsOf(grown.path()), ContentsOf(whole.path()));
  for (const int64_t fewer : {1, 3, 4, 6}) {
    EXPECT_NE(MessageOf([&] { Write(grown.path(), fewer, fewer); }).find("holds more than"),
              std::string::npos)
        << fewer;
    ClipSet::Open(grown.path()).Verify();  // untouched
  }
}

TEST(ClipFile, OtherClipsAreNotMixed) {
  const TemporaryFolder folder;
  Write(folder.path(), 8, 8);
  ClipSetDescription other = Describe(8);
  other.origin = {{"seed", 4}};
  EXPECT_EQ(MessageOf([&] { ClipWriter(folder.path(), other, kShardBytes); }),
            folder / "clips-00000.safetensors" +
                ": was made with other options; choose another folder, or delete it");
  ClipSet::Open(folder.path()).Verify();
}

TEST(ClipFile, DamageIsNamed) {
  const TemporaryFolder folder;
  Write(folder.path(), 8, 8);
  const std::string shard = folder / "clips-00001.safetensors", good = Slurp(shard);
  std::string bad = good;
  bad.back() = static_cast<char>(bad.back() ^ 1);
  Spill(shard, bad);
  const ClipSet damaged = ClipSet::Open(folder.path());
  EXPECT_EQ(MessageOf([&] { damaged.Verify(); }),
            shard + ": the content is not what was written; the file is damaged");
  EXPECT_NE(MessageOf([&] { Write(folder.path(), 8, 8); }).find(shard), std::string::npos);

  Spill(shard, good.substr(0, good.size() - 1));
  Write(folder / "other", 8, 8);
  EXPECT_NE(MessageOf([&] { ClipSet::Open(folder.path()); }).find("truncated"), std::string::npos);
  fs::remove(shard);
  EXPECT_NE(MessageOf([&] { ClipSet::Open(folder.path()); }).find(shard), std::string::npos);
  Spill(shard, Slurp(folder / "other/clips-00000.safetensors"));
  EXPECT_NE(MessageOf([&] { ClipSet::Open(folder.path()); }).find("does not belong to"),
            std::string::npos);
}

TEST(ClipFile, RefusesDescriptionsThatCannotBe) {
  const TemporaryFolder folder;
  Write(folder.path(), 8, 8);
  const std::string good = Slurp(folder / "dataset.json");
  ParseClipSet(good, "d");
  const auto refusal = [&](const std::string& field, const Json& value) {
    Json json = Json::parse(good);
    if (value.is_null()) {
      json.erase(field);
    } else {
      json[field] = value;
    }
    return MessageOf([&] { ParseClipSet(json.dump(), "d"); });
  };
  EXPECT_EQ(refusal("format", "x"), "d: field format is not tersor-clips-1");
  EXPECT_EQ(refusal("frames", nullptr), "d: field frames is missing");
  EXPECT_EQ(refusal("width", 5000), "d: field width is 5000; it must be in 1 .. 4096");
  EXPECT_EQ(refusal("height", "3"), "d: field height must be a whole number");
  EXPECT_EQ(refusal("channels", 4), "d: field channels is 4; it must be in 3 .. 3");
  EXPECT_EQ(refusal("fps", 0), "d: field fps is 0; it must be above 0 and at most 1000");
  EXPECT_EQ(refusal("classes", {"a", "a"}), "d: class 'a' is named twice, or empty");
  EXPECT_EQ(refusal("clips", 9), "d: splits: validation must end at 9");
  EXPECT_EQ(refusal("splits", {{"train", {1, 7}}, {"validation", {7, 8}}}),
            "d: splits: train must begin at 0 and end by 8");
  EXPECT_EQ(refusal("shards", Json::array()), "d: the shards hold 0 of 8 clips");
  EXPECT_EQ(refusal("shards", {{{"file", "../x"}, {"clips", 8}}}),
            "d: shard 0: '../x' must be a file name in the same folder");
}

TEST(ClipFile, RefusesShardsOfOtherThings) {
  const TemporaryFolder folder;
  const std::string path = folder / "s.safetensors";
  const std::vector<int64_t> labels = {0, 2};
  const std::vector<uint8_t> pixels(static_cast<size_t>(2 * kShape.bytes()));
  const auto message = [&](const std::vector<int64_t>& shape, Dtype dtype) {
    const HostTensor tensors[] = {{"labels", Dtype::kI64, {2}, std::as_bytes(std::span(labels))},
                                  {"clips", dtype, shape, std::as_bytes(std::span(pixels))}};
    WriteSafetensors(path, tensors);
    return MessageOf([&] { ClipShardFile(path, kShape, 2); });
  };
  EXPECT_EQ(message({2, 2, 3, 5, 3}, Dtype::kU8),
            path + ": tensor labels has 2; there are 2 classes");
  EXPECT_EQ(message({2, 2, 5, 3, 3}, Dtype::kU8),
            path + ": tensor clips must be U8 [2, 2, 3, 5, 3]");
  EXPECT_EQ(message({2, 2, 3, 5, 3}, Dtype::kI8),
            path + ": tensor clips must be U8 [2, 2, 3, 5, 3]");
}

}  // namespace
}  // namespace tersor::io
