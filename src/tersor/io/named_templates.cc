#include "tersor/io/named_templates.h"

namespace tersor::io {
namespace {

constexpr std::string_view kChatml = R"({% for message in messages %}
{{ '<|im_start|>' ~ message.role ~ '\n' ~ message.content ~ '<|im_end|>\n' }}
{%- endfor %}
{% if add_generation_prompt %}
{{ '<|im_start|>assistant\n' }}
{%- endif %}
)";

// The system's text goes inside the first user turn.
constexpr std::string_view kLlama2 = R"({% set system = '' %}
{% if messages and messages[0].role == 'system' %}
  {% set system = '<<SYS>>\n' ~ messages[0].content ~ '\n<</SYS>>\n\n' %}
  {% set messages = messages[1:] %}
{% endif %}
{% for message in messages %}
  {% if message.role != ('user' if loop.index is odd else 'assistant') %}
    {{- raise_exception('this format takes user and assistant turn by turn, the user first') }}
  {% endif %}
  {% if message.role == 'user' %}
    {{- bos_token ~ '[INST] ' ~ (system if loop.first else '') }}
    {{- message.content.strip() ~ ' [/INST]' }}
  {%- else %}
    {{- ' ' ~ message.content.strip() ~ ' ' ~ eos_token }}
  {%- endif %}
{% endfor %}
)";

constexpr std::string_view kLlama3 = R"({{ bos_token }}
{%- for message in messages %}
{{- '<|start_header_id|>' ~ message.role ~ '<|end_header_id|>\n\n' }}
{{- message.content | trim }}
{{- '<|eot_id|>' }}
{%- endfor %}
{%- if add_generation_prompt %}
{{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}
{%- endif %}
)";

constexpr std::string_view kZephyr = R"({% for message in messages %}
{{ '<|' ~ message.role ~ '|>\n' ~ message.content ~ eos_token ~ '\n' }}
{%- endfor %}
{% if add_generation_prompt %}
{{ '<|assistant|>\n' }}
{%- endif %}
)";

// For base models: roles as words, turns apart by an empty line.
constexpr std::string_view kPlain = R"({% for message in messages %}
{% if message.role == 'system' %}
{{ message.content ~ '\n\n' }}
{%- else %}
{{ message.role | capitalize ~ ': ' ~ message.content ~ '\n\n' }}
{%- endif %}
{% endfor %}
{% if add_generation_prompt %}
{{ 'Assistant:' }}
{%- endif %}
)";

constexpr NamedTemplate kTemplates[] = {
    {"chatml", kChatml, "", "<|im_end|>"},
    {"llama2", kLlama2, "<s>", "</s>"},
    {"llama3", kLlama3, "<|begin_of_text|>", "<|eot_id|>"},
    {"zephyr", kZephyr, "<s>", "</s>"},
    {"plain", kPlain, "", ""},
};

}  // namespace

std::span<const NamedTemplate> NamedTemplates() { return kTemplates; }

}  // namespace tersor::io
