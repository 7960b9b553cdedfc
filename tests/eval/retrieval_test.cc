#include "tersor/eval/retrieval.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tersor/model/language_model.h"
#include "tersor/util/error.h"

namespace tersor::eval {
namespace {

TEST(MeasureRetrieval, CountsSpansWhoseEveryTokenIsTheLikeliest) {
  io::ModelConfig config;
  config.vocab_size = 258;
  config.hidden_size = 16;
  config.intermediate_size = 32;
  config.num_hidden_layers = 1;
  config.num_attention_heads = config.num_key_value_heads = 2;
  config.head_dim = 8;
  config.max_position_embeddings = 64;
  config.initializer_range = 0.5;
  const auto model = model::MakeLanguageModel(config);
  model->InitWeights(3);
  const auto tokenizer = io::MakeByteTokenizer();
  // Text that the model itself continues greedily is found; anything else is not.
  std::string text = "ab";
  for (int i = 0; i < 6; ++i) {
    std::vector<int64_t> tokens = {*tokenizer->bos_id()};
    for (const char c : text) {
      tokens.push_back(static_cast<unsigned char>(c));
    }
    const at::Tensor logits = model->Logits(at::tensor(tokens, at::kLong).unsqueeze(0));
    text += static_cast<char>(logits[0][-1].narrow(0, 0, 256).argmax().item<int64_t>());
  }
  std::string other = text;
  other[6] = static_cast<char>(other[6] + 1);
  const std::vector<data::Document> documents = {{text, {{2, 5}, {5, 8}}},
                                                 {other, {{2, 5}, {5, 8}}}};
  const RetrievalResult result = MeasureRetrieval(*model, *tokenizer, documents, nullptr);
  EXPECT_EQ(result.queries, 4);
  EXPECT_EQ(result.accuracy, .75);
  EXPECT_EQ(result.longest, 9);
  EXPECT_THROW(MeasureRetrieval(*model, *tokenizer, {{std::string(100, 'a'), {{1, 2}}}}, nullptr),
               Error);
}

}  // namespace
}  // namespace tersor::eval
