#include "tersor/io/gguf_names.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "tersor/util/error.h"

namespace tersor::io {
namespace {

struct Names {
  std::string_view hugging_face, gguf;
};

constexpr std::array kModelNames = {
    Names{"model.embed_tokens.weight", "token_embd.weight"},
    Names{"model.norm.weight", "output_norm.weight"},
    Names{"lm_head.weight", "output.weight"},
};

/// Parts of a layer; ".weight" or ".bias" follows.
constexpr std::array kLayerNames = {
    Names{"self_attn.q_proj", "attn_q"},
    Names{"self_attn.k_proj", "attn_k"},
    Names{"self_attn.v_proj", "attn_v"},
    Names{"self_attn.o_proj", "attn_output"},
    Names{"mlp.gate_proj", "ffn_gate"},
    Names{"mlp.up_proj", "ffn_up"},
    Names{"mlp.down_proj", "ffn_down"},
    Names{"input_layernorm", "attn_norm"},
    Names{"post_attention_layernorm", "ffn_norm"},
};

constexpr std::string_view kLayers = "model.layers.", kBlocks = "blk.";

/// Rewrites a name of one convention in the other; `from` and `to` are members of Names.
std::optional<std::string> Rename(std::string_view name, std::string_view Names::*from,
                                  std::string_view Names::*to, std::string_view layers,
                                  std::string_view new_layers) {
  for (const Names& names : kModelNames) {
    if (name == names.*from) {
      return std::string(names.*to);
    }
  }
  if (!name.starts_with(layers)) {
    return std::nullopt;
  }
  name.remove_prefix(layers.size());
  const size_t dot = name.find('.'), last = name.rfind('.');
  const std::string_view number = name.substr(0, dot);
  if (dot == std::string_view::npos || last <= dot || number.empty() ||
      number.find_first_not_of("0123456789") != std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view part = name.substr(dot + 1, last - dot - 1), kind = name.substr(last);
  for (const Names& names : kLayerNames) {
    if (part == names.*from && (kind == ".weight" || kind == ".bias")) {
      return std::string(new_layers).append(number).append(".").append(names.*to).append(kind);
    }
  }
  return std::nullopt;
}

/// Calls copy(row of Hugging Face, row of GGUF) for every row.
template <typename Copy>
void ForRows(size_t bytes, int64_t head_dim, size_t row_bytes, const Copy& copy) {
  const auto head = static_cast<size_t>(head_dim), half = head / 2;
  TERSOR_CHECK(head % 2 == 0 && head > 0 && row_bytes > 0 && bytes % (head * row_bytes) == 0, bytes,
               " bytes are no whole heads of ", head_dim, " rows");
  for (size_t first = 0; first < bytes / row_bytes; first += head) {
    for (size_t i = 0; i < half; ++i) {
      copy(first + i, first + 2 * i);
      copy(first + half + i, first + 2 * i + 1);
    }
  }
}

}  // namespace

std::optional<std::string> GgufName(std::string_view hugging_face_name) {
  return Rename(hugging_face_name, &Names::hugging_face, &Names::gguf, kLayers, kBlocks);
}

std::optional<std::string> HuggingFaceName(std::string_view gguf_name) {
  return Rename(gguf_name, &Names::gguf, &Names::hugging_face, kBlocks, kLayers);
}

bool HasInterleavedRows(Architecture architecture, std::string_view hugging_face_name) {
  constexpr std::array<std::string_view, 4> kTurned = {".q_proj.weight", ".q_proj.bias",
                                                       ".k_proj.weight", ".k_proj.bias"};
  return (architecture == Architecture::kLlama || architecture == Architecture::kMistral) &&
         std::any_of(kTurned.begin(), kTurned.end(),
                     [&](std::string_view end) { return hugging_face_name.ends_with(end); });
}

void InterleaveRows(std::span<const std::byte> from, int64_t head_dim, size_t row_bytes,
                    std::span<std::byte> to) {
  TERSOR_CHECK(from.size() == to.size(), "rows of ", from.size(), " bytes need as many");
  ForRows(from.size(), head_dim, row_bytes, [&](size_t theirs, size_t gguf) {
    std::memcpy(to.data() + gguf * row_bytes, from.data() + theirs * row_bytes, row_bytes);
  });
}

void SeparateRows(std::span<const std::byte> from, int64_t head_dim, size_t row_bytes,
                  std::span<std::byte> to) {
  TERSOR_CHECK(from.size() == to.size(), "rows of ", from.size(), " bytes need as many");
  ForRows(from.size(), head_dim, row_bytes, [&](size_t theirs, size_t gguf) {
    std::memcpy(to.data() + theirs * row_bytes, from.data() + gguf * row_bytes, row_bytes);
  });
}

}  // namespace tersor::io
