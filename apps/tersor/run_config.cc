#include "run_config.h"

#include "tersor/util/error.h"

namespace tersor::cli {

void RunConfig::AddFields(Schema& schema) {
  schema.Add("data.train", "text to train on: files, folders, globs, corpus:NAME", &data)
      .Add("data.validation",
           "text to evaluate on (default: the corpus's own split, else the "
           "last hundredth of the training text)",
           &validation)
      .Add("data.validation_tokens", "tokens of it that are used (0: all)", &validation_tokens)
      .Add("data.cache", "folder of tokenized texts", &cache)
      .Add("tokenizer.path", "tokenizer file or model folder, or byte (default: train one)",
           &tokenizer)
      .Add("tokenizer.vocab_size", "vocabulary of a tokenizer that is trained", &vocab_size)
      .Add("model.type", "llama or opt", &model_type)
      .Add("model.hidden_size", "width of the residual stream", &hidden_size)
      .Add("model.intermediate_size",
           "width of the MLP (0: 8/3 of hidden_size for llama, 4 times "
           "for opt)",
           &intermediate_size)
      .Add("model.layers", "transformer blocks", &layers)
      .Add("model.heads", "query heads", &heads)
      .Add("model.kv_heads", "key/value heads (0: as many)", &kv_heads)
      .Add("model.window", "longest input, and length of training windows, in tokens", &window)
      .Add("model.rope_theta", "base of the rotary frequencies", &rope_theta)
      .Add("model.tie_embeddings", "output head shares the embedding", &tie_embeddings)
      .Add("model.initializer_range", "standard deviation of the first weights", &initializer_range)
      .Add("model.glu_outliers", "channels of each gated MLP that start with planted outliers",
           &glu_outliers)
      .Add("model.glu_outlier_factor", "how many times larger they are", &glu_outlier_factor)
      .Add("model.recompute", "recompute activations in the backward pass", &recompute);
  trainer.AddFields(schema);
  precision.AddFields(schema);
}

io::ModelConfig RunConfig::Shape(int64_t vocab) const {
  const bool llama = model_type == "llama";
  if (!llama && model_type != "opt") {
    FailUsage("model.type must be llama or opt, not ", model_type);
  }
  if (heads <= 0 || hidden_size % heads != 0) {
    FailUsage("model.hidden_size ", hidden_size, " must be a multiple of model.heads ", heads);
  }
  io::ModelConfig shape;
  shape.architecture = llama ? io::Architecture::kLlama : io::Architecture::kOpt;
  shape.vocab_size = vocab;
  shape.hidden_size = hidden_size;
  shape.word_embed_proj_dim = hidden_size;
  shape.intermediate_size = intermediate_size > 0 ? intermediate_size
                            : llama               ? hidden_size * 8 / 3
                                                  : hidden_size * 4;
  shape.num_hidden_layers = layers;
  shape.num_attention_heads = heads;
  shape.num_key_value_heads = kv_heads > 0 ? kv_heads : heads;
  shape.head_dim = hidden_size / heads;
  shape.max_position_embeddings = window;
  shape.rope_theta = rope_theta;
  shape.tie_word_embeddings = llama ? tie_embeddings : true;
  shape.initializer_range = initializer_range;
  shape.Validate("the recipe's model");
  return shape;
}

}  // namespace tersor::cli
