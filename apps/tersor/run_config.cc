#include "run_config.h"

#include <algorithm>
#include <filesystem>

#include "tersor/util/error.h"

namespace tersor::cli {
namespace {

constexpr const char* kImagesNeeded =
    "images to train on: images:NAME, or a folder with a sub-folder a class";

}  // namespace

void RunConfig::AddFields(Schema& schema) {
  schema
      .Add("data.train",
           "text to train on: files, folders, globs, corpus:NAME; or images: images:NAME, or a "
           "folder with a sub-folder a class",
           &data)
      .Add("data.validation",
           "text or images to evaluate on (default: the corpus's or image set's own split, else "
           "the last hundredth of the text, every twentieth image of a class)",
           &validation)
      .Add("data.validation_tokens", "tokens of it that are used (0: all)", &validation_tokens)
      .Add("data.cache", "folder of tokenized texts", &cache)
      .Add("tokenizer.path", "tokenizer file or model folder, or byte (default: train one)",
           &tokenizer)
      .Add("tokenizer.vocab_size", "vocabulary of a tokenizer that is trained", &vocab_size)
      .Add("model.type", "llama, opt or vit (images)", &model_type)
      .Add("model.hidden_size", "width of the residual stream", &hidden_size)
      .Add("model.intermediate_size",
           "width of the MLP (0: 8/3 of hidden_size for llama, 4 times "
           "for opt and vit)",
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
      .Add("model.recompute", "recompute activations in the backward pass", &recompute)
      .Add("model.patch_size",
           "vit: side of a patch in pixels (0: 4 for images below 64 pixels, else 16)",
           &image.patch_size)
      .Add("model.drop_path", "vit: probability of leaving out the last block's branches",
           &image.drop_path)
      .Add("image.size", "side in pixels (0: as the image set has it; a folder: 224)", &image.size)
      .Add("image.channels", "1 or 3 (0: as the image set has it; a folder: 3)", &image.channels);
  image.augment.AddFields(schema);
  trainer.AddFields(schema);
  precision.AddFields(schema);
  attention.AddFields(schema);
}

void RunConfig::CheckKind(const std::string& type) const {
  if (!IsImageModel(type)) {
    if (image != ImageConfig()) {
      FailUsage(
          "image.*, augment.*, model.patch_size and model.drop_path are for image models (vit)",
          ", not for ", type);
    }
    for (const std::vector<std::string>* names : {&data, &validation}) {
      for (const std::string& name : *names) {
        if (data::IsImageSetName(name)) {
          FailUsage(name, ": images are for image models (model.type vit), not for ", type);
        }
      }
    }
    return;
  }
  if (data.empty()) {
    FailUsage("tersor train: --data (or the recipe's data.train) is needed: ", kImagesNeeded);
  }
  for (const std::vector<std::string>* names : {&data, &validation}) {
    if (names->size() > 1) {
      FailUsage("an image model takes one data set, not ", names->front(), " and more");
    }
    if (!names->empty() && (std::filesystem::is_regular_file(names->front()) ||
                            names->front().starts_with("corpus:"))) {
      FailUsage(names->front(), ": is no folder, but an image model needs ", kImagesNeeded);
    }
  }
  if (!tokenizer.empty() || glu_outliers > 0 || kv_heads > 0) {
    FailUsage("tokenizer.path, model.kv_heads and model.glu_outliers are for language models, not ",
              "for ", type);
  }
  if (attention.name != "dense") {
    FailUsage("attention ", attention.name, " is for language models, not for ", type);
  }
  if (precision.int8.head) {
    FailUsage("precision.head must be false for ", type, ", whose classifier stays in float32");
  }
  if (image.drop_path < 0 || image.drop_path >= 1) {
    FailUsage("model.drop_path must be in [0, 1)");
  }
  image.augment.Validate();
}

io::ModelConfig RunConfig::Shape(int64_t vocab) const {
  const bool llama = model_type == "llama";
  if (!llama && model_type != "opt") {
    FailUsage("model.type must be llama, opt or vit, not ", model_type);
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

io::VitConfig RunConfig::VitShape(const data::ImageSet& images) const {
  constexpr int64_t kSmallImage = 64;
  const int64_t side = images.shape().side;
  io::VitConfig shape;
  shape.image_size = side;
  shape.num_channels = images.shape().channels;
  shape.patch_size = image.patch_size > 0 ? image.patch_size : side < kSmallImage ? 4 : 16;
  if (side % shape.patch_size != 0) {
    FailUsage("model.patch_size ", shape.patch_size, " must divide the images' ", side, " pixels");
  }
  if (heads <= 0 || hidden_size % heads != 0) {
    FailUsage("model.hidden_size ", hidden_size, " must be a multiple of model.heads ", heads);
  }
  shape.hidden_size = hidden_size;
  shape.intermediate_size = intermediate_size > 0 ? intermediate_size : hidden_size * 4;
  shape.num_hidden_layers = layers;
  shape.num_attention_heads = heads;
  shape.initializer_range = initializer_range;
  shape.labels = images.classes();
  shape.Validate("the recipe's model");
  return shape;
}

}  // namespace tersor::cli
