// Replays the kept inputs of the fuzzers, under the sanitizers too.
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <string>

#include "tersor/io/attention_settings.h"
#include "tersor/io/chat_template.h"
#include "tersor/io/clip_file.h"
#include "tersor/io/gguf.h"
#include "tersor/io/gguf_tokenizer.h"
#include "tersor/io/idx.h"
#include "tersor/io/safetensors.h"
#include "tersor/io/tokenizer.h"
#include "tersor/util/error.h"
#include "test_files.h"

namespace tersor::io {
namespace {

/// Accepted and refused inputs of a folder; anything but tersor::Error fails the test.
std::pair<int, int> Replay(const std::string& name,
                           const std::function<void(const std::string&)>& parse) {
  int accepted = 0, refused = 0;
  for (const auto& file :
       std::filesystem::directory_iterator(std::string(TERSOR_SOURCE_DIR "/fuzz/corpus/") + name)) {
    try {
      parse(testing::Slurp(file.path().string()));
      ++accepted;
    } catch (const Error&) {
      ++refused;
    }
  }
  return {accepted, refused};
}

TEST(FuzzCorpus, Safetensors) {
  const auto [accepted, refused] = Replay("safetensors", [](const std::string& file) {
    ParseSafetensors(std::as_bytes(std::span(file.data(), file.size())), "input");
  });
  EXPECT_GE(accepted, 2);
  EXPECT_GE(refused, 2);
}

TEST(FuzzCorpus, AttentionSettings) {
  const auto [accepted, refused] = Replay(
      "attention_settings", [](const std::string& file) { ParseAttentionSettings(file, "input"); });
  EXPECT_EQ(accepted, 1);
  EXPECT_EQ(refused, 6);
}

TEST(FuzzCorpus, ClipSet) {
  const auto [accepted, refused] =
      Replay("clip_set", [](const std::string& file) { ParseClipSet(file, "input"); });
  EXPECT_EQ(accepted, 1);
  EXPECT_EQ(refused, 3);
}

TEST(FuzzCorpus, Idx) {
  const auto [accepted, refused] = Replay("idx", [](const std::string& file) {
    ParseIdx(std::as_bytes(std::span(file.data(), file.size())), "input");
  });
  EXPECT_EQ(accepted, 3);
  EXPECT_EQ(refused, 3);
}

TEST(FuzzCorpus, Gguf) {
  const auto [accepted, refused] = Replay("gguf", [](const std::string& file) {
    const GgufHeader header =
        ParseGguf(std::as_bytes(std::span(file.data(), file.size())), "input");
    if (header.metadata.Has("tokenizer.ggml.model")) {
      const auto tokenizer = LoadGgufTokenizer(header.metadata);
      tokenizer->Decode(tokenizer->Encode(file, true));
    }
  });
  EXPECT_GE(accepted, 5);
  EXPECT_GE(refused, 6);
}

TEST(FuzzCorpus, TokenizerJson) {
  const auto [accepted, refused] = Replay("tokenizer_json", [](const std::string& file) {
    const auto tokenizer = ParseBpeTokenizer(file, "input");
    tokenizer->Decode(tokenizer->Encode(file, true));
  });
  EXPECT_GE(accepted, 2);
  EXPECT_GE(refused, 1);
}

TEST(FuzzCorpus, ChatTemplate) {
  const Json messages = Json::parse(R"([{"role": "user", "content": "a"}])");
  const auto [accepted, refused] = Replay("chat_template", [&](const std::string& file) {
    ChatTemplate::Parse(file, "input").Render(messages, true, Json::array({{{"function", "f"}}}));
  });
  EXPECT_GE(accepted, 8);
  EXPECT_GE(refused, 5);
}

}  // namespace
}  // namespace tersor::io
