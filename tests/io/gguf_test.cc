#include "tersor/io/gguf.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "io/gguf_bytes.h"
#include "tersor/io/gguf_writer.h"
#include "tersor/util/error.h"
#include "test_files.h"

namespace tersor::io {
namespace {

using namespace testing_gguf;  // NOLINT: the words of a small language for files

GgufHeader Parse(const std::string& file) {
  return ParseGguf(std::as_bytes(std::span(file.data(), file.size())), "test.gguf");
}

void ExpectRefusal(const std::string& file, const std::string& part) {
  try {
    Parse(file);
    ADD_FAILURE() << "accepted; expected: " << part;
  } catch (const Error& e) {
    const std::string what = e.what();
    EXPECT_NE(what.find(part), std::string::npos) << what;
    EXPECT_EQ(what.rfind("test.gguf", 0), 0u) << what;
    EXPECT_EQ(what.find('\n'), std::string::npos) << what;
  }
}

std::string Array(uint32_t element, uint64_t count, const std::string& values) {
  return U32(element) + U64(count) + values;
}

TEST(Gguf, ReadsEveryTypeOfValue) {
  const GgufHeader header = Parse(File(
      {Key("u8", 0, Raw<uint8_t>(200)), Key("i8", 1, Raw<int8_t>(-3)),
       Key("u16", 2, Raw<uint16_t>(60000)), Key("i16", 3, Raw<int16_t>(-300)),
       Key("u32", 4, U32(4000000000)), Key("i32", 5, Raw<int32_t>(-70000)),
       Key("f32", 6, Raw(0.5F)), Key("yes", 7, "\x01"), Key("text", 8, Text("caf\xc3\xa9")),
       Key("array", 9, Array(5, 2, Raw<int32_t>(7) + Raw<int32_t>(-8))),
       Key("u64", 10, U64(1ULL << 40)), Key("i64", 11, Raw<int64_t>(-5)), Key("f64", 12, Raw(0.1)),
       Key("texts", 9, Array(8, 2, Text("a") + Text(""))),
       Key("nested", 9, Array(9, 2, Array(0, 3, "abc") + Array(9, 1, Array(8, 1, Text("deep"))))),
       Key("empty", 9, Array(4, 0, "")), Key("bools", 9, Array(7, 2, std::string("\1\0", 2)))},
      {}, 0));
  const GgufMetadata& m = header.metadata;
  EXPECT_EQ(m.Int("u8"), 200);
  EXPECT_EQ(m.Int("i8"), -3);
  EXPECT_EQ(m.Int("u16"), 60000);
  EXPECT_EQ(m.Int("i16"), -300);
  EXPECT_EQ(m.Int("u32"), 4000000000);
  EXPECT_EQ(m.Int("i32"), -70000);
  EXPECT_EQ(m.Number("f32"), 0.5);
  EXPECT_TRUE(m.Bool("yes", false));
  EXPECT_EQ(m.String("text"), "caf\xc3\xa9");
  EXPECT_EQ(m.Ints("array"), (std::vector<int64_t>{7, -8}));
  EXPECT_EQ(m.Numbers("array"), (std::vector<double>{7, -8}));
  EXPECT_EQ(m.Int("u64"), int64_t{1} << 40);
  EXPECT_EQ(m.Int("i64"), -5);
  EXPECT_EQ(m.Number("f64"), 0.1);
  EXPECT_EQ(m.Strings("texts"), (std::vector<std::string>{"a", ""}));
  EXPECT_EQ(m.ArraySize("nested"), 2);
  EXPECT_EQ(m.Strings("empty").size(), 0u);
  EXPECT_EQ(m.entries().size(), 17u);
  EXPECT_EQ(m.Int("absent", 9), 9);
  EXPECT_EQ(m.String("absent", "x"), "x");
}

TEST(Gguf, ValuesOfAnotherTypeAreNamed) {
  const GgufHeader header = Parse(File(
      {Key("text", 8, Text("a")), Key("n", 10, U64(~0ULL)), Key("list", 9, Array(8, 1, Text("a")))},
      {}, 0));
  const auto expect = [&](const auto& get, const std::string& message) {
    try {
      get(header.metadata);
      ADD_FAILURE() << message;
    } catch (const Error& e) {
      EXPECT_EQ(e.what(), "test.gguf: key " + message);
    }
  };
  expect([](const auto& m) { m.Int("text"); }, "'text' is not a whole number");
  expect([](const auto& m) { m.Number("text"); }, "'text' is not a number");
  expect([](const auto& m) { m.Bool("n", true); }, "'n' is not true or false");
  expect([](const auto& m) { m.String("n"); }, "'n' is not a text");
  expect([](const auto& m) { m.Int("n"); }, "'n' is too large");
  expect([](const auto& m) { m.Strings("text"); }, "'text' is not an array");
  expect([](const auto& m) { m.Ints("list"); }, "'list' is not an array of whole numbers");
  expect([](const auto& m) { m.Numbers("list"); }, "'list' is not an array of numbers");
  expect([](const auto& m) { m.String("no"); }, "'no' is missing");
}

TEST(Gguf, ReadsTensorsOfBothVersions) {
  for (const uint32_t version : {2U, 3U}) {
    const std::string file =  // the tensors point into it
        File({}, {Tensor("a", {3, 2}, 0, 0), Tensor("b", {64}, 8, 32)}, 32 + 68, version);
    const GgufHeader header = Parse(file);
    EXPECT_EQ(header.version, version);
    ASSERT_EQ(header.tensors.size(), 2u);
    EXPECT_EQ(header.tensors[0].shape, (std::vector<int64_t>{2, 3}));  // rows first
    EXPECT_EQ(header.tensors[0].bytes.size(), 24u);
    EXPECT_EQ(header.tensors[1].bytes.size(), 68u);
    EXPECT_EQ(header.tensors[1].ToFloats(), std::vector<float>(64));
  }
}

TEST(Gguf, AlignmentMovesTheData) {
  std::string file = File({Key("general.alignment", 4, U32(128))}, {Tensor("a", {1}, 0, 128)}, 0);
  ASSERT_LT(file.size(), 128u);
  file.resize(256);
  file += Raw(2.5F);
  EXPECT_EQ(Parse(file).tensors[0].ToFloats(), std::vector<float>{2.5F});
  for (const uint32_t bad : {0U, 4U, 33U, 1U << 30}) {
    ExpectRefusal(File({Key("general.alignment", 4, U32(bad))}, {}, 0), "power of 2");
  }
}

TEST(Gguf, ATypeThatCannotBeReadIsNamedWhenAskedFor) {
  const GgufHeader header = Parse(File({}, {Tensor("blk.0.w", {256}, 13, 0)}, 176));
  try {
    header.tensors[0].ToFloats();
    FAIL();
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(),
                 "tensor 'blk.0.w' is stored as Q5_K, which cannot be read; supported: F32, F16, "
                 "BF16, Q8_0, Q4_0, Q4_K, Q6_K");
  }
}

TEST(Gguf, RefusesDamagedFiles) {
  const std::string good =
      File({Key("general.name", 8, Text("x")), Key("list", 9, Array(9, 1, Array(8, 1, Text("y"))))},
           {Tensor("a", {2}, 0, 0)}, 8);
  Parse(good);
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_THROW(Parse(good.substr(0, size)), Error) << size;
  }
  ExpectRefusal("GGML" + U32(3) + U64(0) + U64(0), "not a GGUF file");
  ExpectRefusal(File({}, {}, 0, 1), "version 1 is not supported");
  ExpectRefusal(File({}, {}, 0, 4), "version 4 is not supported");
  ExpectRefusal(File({}, {}, 0, 0x03000000), "big-endian");
  ExpectRefusal("GGUF" + U32(3) + U64(~0ULL) + U64(0), "18446744073709551615 tensors do not fit");
  ExpectRefusal("GGUF" + U32(3) + U64(0) + U64(1ULL << 61), "keys do not fit");
}

TEST(Gguf, RefusesHostileMetadata) {
  const auto one = [](uint32_t type, const std::string& value) {
    return File({Key("k", type, value)}, {}, 0);
  };
  ExpectRefusal(one(13, ""), "key 'k' has unknown value type 13");
  ExpectRefusal(one(8, U64(~0ULL)), "key 'k' does not fit");
  ExpectRefusal(one(8, U64(1000) + "short"), "key 'k' does not fit");
  ExpectRefusal(one(9, Array(99, 1, "")), "key 'k' has unknown value type 99");
  ExpectRefusal(one(9, Array(10, ~0ULL, "")), "key 'k' does not fit");
  ExpectRefusal(one(9, Array(10, (1ULL << 61) + 1, U64(0))), "key 'k' does not fit");
  ExpectRefusal(one(9, Array(8, ~0ULL, Text("a"))), "key 'k' does not fit");
  ExpectRefusal(one(9, Array(9, ~0ULL, "")), "key 'k' ");
  ExpectRefusal(one(7, "\x02"), "key 'k' holds a bool");
  ExpectRefusal(one(9, Array(7, 2, "\x01\x03")), "key 'k' holds a bool");
  std::string deep = Array(0, 0, "");
  for (int i = 0; i < 8; ++i) {
    deep = Array(9, 1, deep);
  }
  ExpectRefusal(one(9, deep), "key 'k' nests arrays deeper than 8");
  const std::string flag = Key("k", 7, "\x01");
  ExpectRefusal(File({flag, flag}, {}, 0), "key 'k' is there twice");
  ExpectRefusal(File({Key("", 7, "\x01")}, {}, 0), "a key has 0 bytes");
  ExpectRefusal(File({Key(std::string(70000, 'k'), 7, "\x01")}, {}, 0), "a key has 70000 bytes");
  ExpectRefusal(File({Key("line\nbreak", 13, "")}, {}, 0), "key 'line break'");
  ExpectRefusal(File({Key("general.alignment", 8, Text("a"))}, {}, 0), "not a whole number");
}

TEST(Gguf, RefusesHostileTensors) {
  const auto one = [](const std::vector<uint64_t>& shape, uint32_t type, uint64_t offset,
                      size_t data) { return File({}, {Tensor("a", shape, type, offset)}, data); };
  ExpectRefusal(one({}, 0, 0, 64), "tensor 'a' has 0 dimensions");
  ExpectRefusal(one({1, 1, 1, 1, 1}, 0, 0, 64), "tensor 'a' has 5 dimensions");
  ExpectRefusal(one({2, 0}, 0, 0, 64), "tensor 'a' has a dimension of size 0");
  ExpectRefusal(one({2}, 4, 0, 64), "tensor 'a' has unknown type 4");
  ExpectRefusal(one({2}, 77, 0, 64), "tensor 'a' has unknown type 77");
  ExpectRefusal(one({33}, 8, 0, 640), "tensor 'a' has rows of 33 weights");
  ExpectRefusal(one({1ULL << 63}, 0, 0, 64), "tensor 'a': shape overflows");
  ExpectRefusal(one({1ULL << 31, 1ULL << 31, 1ULL << 31}, 0, 0, 64), "tensor 'a': shape overflows");
  ExpectRefusal(one({1ULL << 62, 4}, 0, 0, 64), "tensor 'a': shape overflows");
  ExpectRefusal(one({17}, 0, 0, 64), "tensor 'a' needs 68 bytes at offset 0 of 64");
  ExpectRefusal(one({2}, 0, 64, 64), "tensor 'a' needs 8 bytes at offset 64");
  ExpectRefusal(one({2}, 0, ~31ULL, 64), "tensor 'a' needs 8 bytes");
  ExpectRefusal(one({2}, 0, 4, 64), "tensor 'a' lies at offset 4, which is no multiple of 32");
  const std::string a = Tensor("a", {9}, 0, 0), b = Tensor("b", {2}, 0, 32);
  ExpectRefusal(File({}, {a, b}, 64), "tensor 'b' overlaps 'a'");
  ExpectRefusal(File({}, {b, a}, 64), "tensor 'b' overlaps 'a'");
  ExpectRefusal(File({}, {b, b}, 64), "tensor 'b' is there twice");
  ExpectRefusal(File({}, {Tensor("", {2}, 0, 0)}, 64), "a tensor name has 0 bytes");
  ExpectRefusal(File({}, {Tensor(std::string(65, 'n'), {2}, 0, 0)}, 64), "name has 65 bytes");
}

TEST(Gguf, WhatIsWrittenComesBack) {
  const testing::TemporaryFolder folder;
  const std::string path = folder / "model.gguf";
  const std::vector<float> values = {1, -2.5F, 3e30F};
  const std::vector<std::byte> q8(2 * 34, std::byte{1});
  GgufMetadata metadata;
  metadata.Set("general.architecture", GgufValue::String("llama"));
  metadata.Set("n", GgufValue::Uint32(1));
  metadata.Set("n", GgufValue::Uint32(7));
  metadata.Set("list", GgufValue::Strings(std::vector<std::string>{"a", "\xe2\x96\x81"}));
  metadata.Set("scores", GgufValue::Float32s(values));
  metadata.Set("types", GgufValue::Int32s(std::vector<int32_t>{1, -1}));
  metadata.Set("yes", GgufValue::Bool(true));
  metadata.Set("eps", GgufValue::Float32(1e-5F));
  const std::vector<GgufTensor> tensors = {
      {"f", GgmlType::kF32, {3, 1}, std::as_bytes(std::span(values))},
      {"q", GgmlType::kQ8_0, {2, 32}, q8}};
  WriteGguf(path, metadata, tensors);
  const GgufFile file(path);
  EXPECT_EQ(file.metadata().Int("n"), 7);
  EXPECT_EQ(file.metadata().Strings("list"), (std::vector<std::string>{"a", "\xe2\x96\x81"}));
  EXPECT_EQ(file.metadata().Numbers("scores")[1], -2.5);
  EXPECT_EQ(file.metadata().Ints("types"), (std::vector<int64_t>{1, -1}));
  EXPECT_TRUE(file.metadata().Bool("yes", false));
  EXPECT_FLOAT_EQ(static_cast<float>(file.metadata().Number("eps")), 1e-5F);
  ASSERT_NE(file.Find("f"), nullptr);
  EXPECT_EQ(file.Find("f")->ToFloats(), values);
  EXPECT_EQ(file.Find("f")->shape, (std::vector<int64_t>{3, 1}));
  EXPECT_EQ(file.Find("q")->bytes.size(), q8.size());
  EXPECT_EQ(file.Find("no"), nullptr);
  // Every tensor's data is padded, also the last one's: llama.cpp wants that.
  EXPECT_EQ(std::filesystem::file_size(path) % 32, 0u);
}

TEST(Gguf, WritingRefusesWhatReadersWould) {
  const testing::TemporaryFolder folder;
  const std::string path = folder / "model.gguf";
  const std::vector<float> values(32);
  const std::span<const std::byte> bytes = std::as_bytes(std::span(values));
  const auto refuses = [&](const std::vector<GgufTensor>& tensors) {
    EXPECT_THROW(WriteGguf(path, GgufMetadata(), tensors), Error);
    EXPECT_FALSE(std::filesystem::exists(path));
  };
  const GgufTensor good{"a", GgmlType::kF32, {32}, bytes};
  refuses({good, good});
  refuses({{"a", GgmlType::kF32, {31}, bytes}});
  refuses({{"a", GgmlType::kQ8_0, {31}, bytes}});
  refuses({{"a", GgmlType::kQ4K, {256}, bytes}});
  refuses({{"a", GgmlType::kF32, {}, bytes}});
  refuses({{"a", GgmlType::kF32, {0}, {}}});
  refuses({{std::string(64, 'a'), GgmlType::kF32, {32}, bytes}});
  {
    GgufWriter writer(path, GgufMetadata(), {{"a", GgmlType::kF32, {32}}});
    EXPECT_THROW(writer.Commit(), Error);  // no data yet
    EXPECT_THROW(writer.Write(bytes.first(124)), Error);
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

}  // namespace
}  // namespace tersor::io
