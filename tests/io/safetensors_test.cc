#include "tersor/io/safetensors.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "tersor/util/error.h"
#include "test_files.h"

namespace tersor::io {
namespace {

/// A whole file of this header over this many zero bytes of data.
std::string FileOf(const std::string& header, size_t data) {
  std::string file(8, '\0');
  for (size_t i = 0; i < 8; ++i) {
    file[i] = static_cast<char>(static_cast<uint64_t>(header.size()) >> (8 * i));
  }
  return file + header + std::string(data, '\0');
}

SafetensorsHeader Parse(const std::string& file) {
  return ParseSafetensors(std::as_bytes(std::span(file.data(), file.size())), "test.safetensors");
}

void ExpectRefusal(const std::string& file, const std::string& part) {
  try {
    Parse(file);
    ADD_FAILURE() << "accepted; expected: " << part;
  } catch (const Error& e) {
    const std::string what = e.what();
    EXPECT_NE(what.find(part), std::string::npos) << what;
    EXPECT_EQ(what.rfind("test.safetensors", 0), 0u) << what;
    EXPECT_EQ(what.find('\n'), std::string::npos) << what;
  }
}

std::string Entry(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return R"({"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}";
}

TEST(Safetensors, ReadsTensorsAndMetadata) {
  const std::string file =
      FileOf(R"({"__metadata__":{"format":"pt"},"a":)" + Entry("F32", "[2,3]", "[0,24]") +
                 R"(,"empty":)" + Entry("F16", "[0,4]", "[24,24]") + R"(,"scalar":)" +
                 Entry("I64", "[]", "[24,32]") + "}  ",
             32);
  const SafetensorsHeader header = Parse(file);
  ASSERT_EQ(header.tensors.size(), 3u);
  EXPECT_EQ(header.metadata.at("format"), "pt");
  EXPECT_EQ(header.tensors[0].shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(header.tensors[0].bytes.size(), 24u);
  EXPECT_EQ(header.tensors[2].size(), 1);
}

TEST(Safetensors, RefusesHostileHeaders) {
  const std::string good = FileOf(R"({"a":)" + Entry("F32", "[2]", "[0,8]") + "}", 8);
  Parse(good);
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_THROW(Parse(good.substr(0, size)), Error) << size;
  }
  ExpectRefusal(std::string(8, '\xff') + "{}", "does not fit");
  ExpectRefusal(FileOf("[]", 0), "not a JSON object");
  ExpectRefusal(FileOf("{nonsense", 0), "not valid JSON");
  const auto one = [](const std::string& entry, size_t data) {
    return FileOf(R"({"a":)" + entry + "}", data);
  };
  ExpectRefusal(one("7", 0), "needs dtype");
  ExpectRefusal(one(Entry("F99", "[2]", "[0,8]"), 8), "unknown dtype F99");
  ExpectRefusal(one(Entry("F32", "[-2]", "[0,8]"), 8), "not negative");
  ExpectRefusal(one(Entry("F32", "[1.5]", "[0,8]"), 8), "not negative");
  ExpectRefusal(one(Entry("F32", "[4294967296,4294967296,4294967296]", "[0,8]"), 8), "overflows");
  ExpectRefusal(one(Entry("F32", "[18446744073709551615]", "[0,8]"), 8), "overflows");
  ExpectRefusal(one(Entry("F32", "[2]", "[0,800]"), 8), "truncated");
  ExpectRefusal(one(Entry("F32", "[2]", "[8,0]"), 8), "truncated");
  ExpectRefusal(one(Entry("F32", "[2]", "[0,18446744073709551615]"), 8), "truncated");
  ExpectRefusal(one(Entry("F32", "[3]", "[0,8]"), 8), "needs 12 bytes but has 8");
  ExpectRefusal(one(Entry("F4", "[3]", "[0,1]"), 1), "inside a byte");
  ExpectRefusal(one(Entry("F32", "[2]", "[0,8]"), 12), "after the last tensor");
  ExpectRefusal(one(Entry("F32", "[2]", "[4,12]"), 12), "belong to no tensor");
  ExpectRefusal(FileOf(R"({"a":)" + Entry("F32", "[2]", "[0,8]") + R"(,"b":)" +
                           Entry("F32", "[2]", "[4,12]") + "}",
                       12),
                "overlaps");
  ExpectRefusal(FileOf(R"({"a":)" + Entry("F32", "[2]", "[0,8]") + R"(,"a":)" +
                           Entry("F32", "[2]", "[8,16]") + "}",
                       16),
                "names a twice");
  ExpectRefusal(FileOf(R"({"__metadata__":{"k":1}})", 0), "is not a text");
}

TEST(Safetensors, WhatIsWrittenComesBack) {
  const testing::TemporaryFolder folder;
  const std::vector<float> values = {1, -2.5f, 3e30f};
  const int8_t bytes[] = {-1, 2, 3};
  const std::vector<HostTensor> tensors = {
      {"z", Dtype::kI8, {3}, std::as_bytes(std::span(bytes))},
      {"a", Dtype::kF32, {3, 1}, std::as_bytes(std::span(values))}};
  WriteSafetensors(folder / "model.safetensors", tensors, {{"k", "v"}});
  for (const std::string& path : {folder.path(), folder / "model.safetensors"}) {
    const TensorStore store = TensorStore::Open(path);
    EXPECT_EQ(store.Get("a").ToFloats(), values);
    EXPECT_EQ(store.Get("z").ToFloats(), (std::vector<float>{-1, 2, 3}));
    EXPECT_EQ(store.metadata().at("k"), "v");
    EXPECT_EQ(store.Find("b"), nullptr);
    EXPECT_THROW(store.Get("b"), Error);
  }
  const std::string file = testing::Slurp(folder / "model.safetensors");
  EXPECT_EQ((8 + static_cast<size_t>(static_cast<unsigned char>(file[0])) +
             256 * static_cast<size_t>(static_cast<unsigned char>(file[1]))) %
                64,
            0u);
}

TEST(Safetensors, Shards) {
  const testing::TemporaryFolder folder;
  const std::vector<float> values = {1, 2};
  const auto write = [&](const std::string& name, const std::string& tensor) {
    const HostTensor one{tensor, Dtype::kF32, {2}, std::as_bytes(std::span(values))};
    WriteSafetensors(folder / name, {&one, 1});
  };
  const auto index = [&](const std::string& map) {
    testing::Spill(folder / "model.safetensors.index.json", R"({"weight_map":{)" + map + "}}");
  };
  write("s1.safetensors", "a");
  write("s2.safetensors", "b");
  index(R"("a":"s1.safetensors","b":"s2.safetensors")");
  EXPECT_EQ(TensorStore::Open(folder.path()).tensors().size(), 2u);
  index(R"("a":"s1.safetensors","b":"s3.safetensors")");
  EXPECT_THROW(TensorStore::Open(folder.path()), Error);
  index(R"("a":"s1.safetensors","b":"../s2.safetensors")");
  EXPECT_THROW(TensorStore::Open(folder.path()), Error);
  index(R"("a":"s1.safetensors","c":"s2.safetensors")");
  EXPECT_THROW(TensorStore::Open(folder.path()), Error);
  index(R"("a":"s1.safetensors","b":"s1.safetensors")");
  EXPECT_THROW(TensorStore::Open(folder.path()), Error);
}

TEST(Safetensors, AFullDiskLeavesTheOldFile) {
  const std::vector<float> values(1 << 16);
  const HostTensor tensor{"a", Dtype::kF32, {1 << 16}, std::as_bytes(std::span(values))};
  EXPECT_THROW(WriteSafetensors("/dev/full/x", {&tensor, 1}), Error);
}

}  // namespace
}  // namespace tersor::io
