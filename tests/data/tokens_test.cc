// Token files, sampling and the corpora's splits.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <sstream>
#include <string>

#include "tersor/data/corpus.h"
#include "tersor/data/sampler.h"
#include "tersor/data/token_file.h"
#include "tersor/util/error.h"
#include "tersor/util/parallel_for.h"
#include "test_files.h"

namespace tersor::data {
namespace {

const std::shared_ptr<const io::Tokenizer> kBytes = io::MakeByteTokenizer();

TokenFile Build(const std::vector<Document>& documents, const std::string& folder) {
  return TokenFile::Build(documents, *kBytes, "bytes", folder);
}

TEST(TokenFile, HoldsDocumentsBetweenTheirMarks) {
  const testing::TemporaryFolder folder;
  const TokenFile file = Build({{"ab", {}}, {"c", {}}}, folder.path());
  EXPECT_EQ(file.Tokens(0, file.size()), (std::vector<int32_t>{256, 'a', 'b', 257, 256, 'c', 257}));
  EXPECT_EQ(file.text_bytes(), 3);
  EXPECT_FALSE(file.has_mask());
}

TEST(TokenFile, MarksWhatCarriesLoss) {
  const testing::TemporaryFolder folder;
  const TokenFile file = Build({{"ask answer", {{4, 10}}}, {"all", {}}}, folder.path());
  std::string carried;
  for (int64_t i = 0; i < file.size(); ++i) {
    carried += file.CarriesLoss(i) ? 'x' : '.';
  }
  //                 <ask_answer>        <all>: an end after an answer counts, too.
  EXPECT_EQ(carried,
            ".....xxxxxxx"
            "xxxxx");
}

TEST(TokenFile, IsMadeOnceAndAnewWhenDamaged) {
  const testing::TemporaryFolder folder;
  const std::vector<Document> documents = {{"some text", {}}};
  const std::string path = Build(documents, folder.path()).path();
  const std::string contents = testing::Slurp(path);
  testing::Spill(path, contents.substr(0, 70));
  EXPECT_THROW(TokenFile::Open(path), Error);
  EXPECT_EQ(Build(documents, folder.path()).path(), path);
  EXPECT_EQ(testing::Slurp(path), contents);
  std::string wrong = contents;
  wrong[0] = 'X';
  testing::Spill(path, wrong);
  EXPECT_THROW(TokenFile::Open(path), Error);
  EXPECT_NE(Build({{"other text", {}}}, folder.path()).path(), path);
  EXPECT_NE(TokenFile::Build(documents, *kBytes, "other tokenizer", folder.path()).path(), path);
  EXPECT_THROW(Build({}, folder.path()), Error);
}

TEST(TokenFile, DoesNotDependOnThreads) {
  const testing::TemporaryFolder a, b;
  std::vector<Document> documents;
  for (int i = 0; i < 50; ++i) {
    documents.push_back({"document " + std::to_string(i * i), {}});
  }
  const std::string many = testing::Slurp(Build(documents, a.path()).path());
  SetNumThreads(1);
  EXPECT_EQ(testing::Slurp(Build(documents, b.path()).path()), many);
  SetNumThreads(0);
}

TEST(Permute, IsAPermutation) {
  const Rng rng(3);
  for (const uint64_t n : {1, 2, 3, 7, 64, 1000}) {
    std::set<uint64_t> seen;
    for (uint64_t i = 0; i < n; ++i) {
      const uint64_t place = Permute(i, n, rng);
      EXPECT_LT(place, n);
      seen.insert(place);
    }
    EXPECT_EQ(seen.size(), n);
  }
  // And not the identity.
  int moved = 0;
  for (uint64_t i = 0; i < 1000; ++i) {
    moved += Permute(i, 1000, rng) != i ? 1 : 0;
  }
  EXPECT_GT(moved, 900);
}

TEST(WindowSampler, VisitsEveryWindowOnceAnEpoch) {
  const testing::TemporaryFolder folder;
  std::string text;
  const Rng letters(1);
  for (uint64_t i = 0; i < 1000; ++i) {
    text += static_cast<char>('a' + letters.Below(i, 26));
  }
  const TokenFile file = Build({{text, {}}}, folder.path());
  const WindowSampler sampler(file, 16, 5);
  std::vector<int64_t> inputs(16), targets(16);
  std::set<std::vector<int64_t>> epochs[2];
  for (int64_t i = 0; i < 2 * sampler.windows_per_epoch(); ++i) {
    sampler.Fill(i, inputs, targets);
    for (size_t t = 0; t + 1 < 16; ++t) {
      ASSERT_EQ(targets[t], inputs[t + 1]);
    }
    epochs[i / sampler.windows_per_epoch()].insert(inputs);
  }
  EXPECT_EQ(std::ssize(epochs[0]), sampler.windows_per_epoch());
  EXPECT_EQ(std::ssize(epochs[1]), sampler.windows_per_epoch());
  EXPECT_NE(epochs[0], epochs[1]);  // Other cuts.
  sampler.Fill(3, inputs, targets);
  const std::vector<int64_t> again = inputs;
  WindowSampler(file, 16, 5).Fill(3, inputs, targets);
  EXPECT_EQ(inputs, again);
  WindowSampler(file, 16, 6).Fill(3, inputs, targets);
  EXPECT_NE(inputs, again);
}

TEST(WindowSampler, EdgesOfTheStream) {
  const testing::TemporaryFolder folder;
  const TokenFile file = Build({{"0123456789", {}}}, folder.path());  // 12 tokens
  std::vector<int64_t> inputs(11), targets(11);
  WindowSampler(file, 11, 1).Fill(7, inputs, targets);
  EXPECT_EQ(inputs.front(), 256);
  EXPECT_EQ(targets.back(), 257);
  EXPECT_THROW(WindowSampler(file, 12, 1), Error);
  const TokenFile masked = Build({{"ask answer", {{4, 10}}}}, folder.path());
  WindowSampler(masked, 11, 1).Fill(0, inputs, targets);
  EXPECT_EQ(targets[3], -1);
  EXPECT_EQ(targets[4], 'a');
}

TEST(Corpus, NoParagraphIsInTwoSplits) {
  if (!std::filesystem::exists("/usr/share/dictd/gcide.dict.dz")) {
    GTEST_SKIP() << "dict-gcide is not installed";
  }
  std::set<uint64_t> seen;
  size_t paragraphs = 0, bytes[3] = {};
  int at = 0;
  for (const char* split : {"train", "validation", "test"}) {
    for (const Document& document : LoadCorpus("gcide", split)) {
      bytes[at] += document.text.size();
      for (size_t first = 0; first <= document.text.size();) {
        const size_t end = std::min(document.text.find("\n\n", first), document.text.size());
        seen.insert(ParagraphHash(std::string_view(document.text).substr(first, end - first)));
        ++paragraphs;
        first = end + 2;
      }
    }
    ++at;
  }
  EXPECT_EQ(seen.size(), paragraphs);
  EXPECT_GT(bytes[0], 10 * bytes[1]);
  EXPECT_GT(bytes[1], 500000u);
  EXPECT_GT(bytes[2], 500000u);
}

TEST(Corpus, UnknownNames) {
  EXPECT_THROW(LoadCorpus("nothing", "train"), UsageError);
  EXPECT_THROW(LoadCorpus("gcide", "dev"), Error);
}

}  // namespace
}  // namespace tersor::data
