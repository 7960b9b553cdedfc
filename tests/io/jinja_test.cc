// Known answers, taken from Jinja 3.1.6 (ImmutableSandboxedEnvironment, trim_blocks, lstrip_blocks,
// transformers' tojson).
#include <gtest/gtest.h>

#include <ctime>
#include <string>
#include <utility>
#include <vector>

#include "tersor/io/jinja/template.h"
#include "tersor/util/error.h"

namespace tersor::io::jinja {
namespace {

/// Variables of all the tests here.
const char* const kVariables = R"({
  "messages": [{"role": "system", "content": " Be good. "},
               {"role": "user", "content": "Hi é😀"},
               {"role": "assistant", "content": "Yo", "tool_calls": [{"name": "f"}]}],
  "d": {"b": 1, "A": 2, "items": 3}, "l": [3, 1, 2], "s": "hello world", "n": null,
  "i": 7, "f": 1.0})";

std::string Render(const std::string& text, const char* variables = kVariables) {
  Variables values;
  const Json json = Json::parse(variables);
  for (const auto& [name, value] : json.items()) {
    values.emplace_back(name, FromJson(value));
  }
  return Template::Parse(text, "t.jinja").Render(std::move(values));
}

std::string Failure(const std::string& text) {
  try {
    return "rendered " + Render(text);
  } catch (const Error& e) {
    return e.what();
  }
}

using Cases = std::vector<std::pair<const char*, const char*>>;

void Check(const Cases& cases) {
  for (const auto& [text, want] : cases) {
    EXPECT_EQ(Render(text), want) << text;
  }
}

TEST(Jinja, SpaceAroundBlocks) {
  Check({
      {"{% if true %}\n a\n{% endif %}\nb\n", " a\nb"},
      {"  {% if true %}  \nx\n  {%- endif %}  \n\ny", "  \nx  \n\ny"},
      {"a\n   {%+ if true %}x{% endif +%}\n\nb", "a\n   x\n\nb"},
      {"{# c #}\nx {# d #} y\n {#- e -#} \nz",
       "x  y"
       "z"},
      {"{{ 'a' }}\n{{- 'b' -}}\n c", "abc"},
      {"x\n   {{- 'y' }}\n   {{ 'z' -}}\n   w", "xy\n   zw"},
      {"{%if true%}a{%endif%}{{1}}{{-1-}} 2", "a112"},
      {"a {%- if true -%} b {%- endif -%} c", "abc"},
      {"a\r\nb\rc\n\n", "a\nb\nc\n"},
      {"{% raw %} {{ x }} {% endraw %}\na", " {{ x }} a"},
      {"{{ '{{' }}{{ '}}' }}{{ {'a': {'b': 1}} }}{{ {'a':{}}}}", "{{}}{'a': {'b': 1}}{'a': {}}"},
  });
}

TEST(Jinja, Loops) {
  Check({
      {"{% for m in messages %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex0 }}{{ loop.first "
       "}}"
       "{{ loop.last }}{{ loop.length }}{{ loop.previtem.role if loop.previtem is defined }}"
       "{{ (loop.nextitem or {}).role }};{% endfor %}",
       "102TrueFalse3user;211FalseFalse3systemassistant;320FalseTrue3user;"},
      {"{% for m in messages if m.role != 'user' %}{{ loop.length }}{{ m.role }}{% endfor %}",
       "2system2assistant"},
      {"{% for m in [] %}x{% else %}none{% endfor %}", "none"},
      {"{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}", "b=1;A=2;items=3;"},
      {"{% for k, v in d|dictsort %}{{ k }}{% endfor %}{{ d|dictsort(true) }}",
       "Abitems[('A', 2), ('b', 1), ('items', 3)]"},
      {"{% for i in range(9) %}{% if i == 3 %}{% continue %}{% endif %}"
       "{% if i == 6 %}{% break %}{% endif %}{{ i }}{% endfor %}",
       "01245"},
      {"{% for i in 'aé' %}[{{ i }}]{% endfor %}{% for i in zz %}x{% endfor %}", "[a][é]"},
      {"{% for i in l %}{{ x }}{% set x = i %}{{ x }}{% endfor %}{{ x }}", "312"},
  });
}

TEST(Jinja, NamesAndScopes) {
  Check({
      {"{% set ns = namespace(n=0) %}{% for i in l %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n "
       "}}",
       "6"},
      {"{% set x=0 %}{% set y %}\n{% set x=5 %}a{{ x }}{% endset %}[{{ y }}]{{ x }}", "[a5]0"},
      {"{% set y | upper | replace('A', 'z') %}abc{% endset %}{{ y }}", "zBC"},
      {"{% set a, b = 1, 2 %}{{ b }}{{ a }}", "21"},
      {"{% set messages = messages[1:] %}{{ messages | length }}", "2"},
      {"{% if true %}{% set q = 1 %}{% endif %}{{ q }}", "1"},
      {"{% generation %}a{% set q = 1 %}{{ q }}{% endgeneration %}{{ q }}", "a1"},
      {"{% with a = 1, b = 2 %}{{ a + b }}{% endwith %}{{ a }}", "3"},
      {"{% filter upper %}abc{{ i }}{% endfilter %}", "ABC7"},
  });
}

TEST(Jinja, Macros) {
  Check({
      {"{% macro f(a, b=2, c='x') %}{{ a }}-{{ b }}-{{ c }}{% endmacro %}"
       "{{ f(1) }} {{ f(1, c=3) }} {{ f(b=1, a=2) }} {{ f() }}",
       "1-2-x 1-2-3 2-1-x -2-x"},
      {"{% set x = 1 %}{% macro m() %}{{ x }}{% endmacro %}{% set x = 2 %}{{ m() }}", "2"},
      {"{% for i in [1,2] %}{% macro m() %}[{{i}}]{% endmacro %}{{ m() }}{% endfor %}", "[1][2]"},
      {"{% macro g(n) %}{{ n if n <= 1 else n * (g(n - 1) | int) }}{% endmacro %}{{ g(10) }}",
       "3628800"},
      {"{% macro box() %}[{{ caller('q') }}]{% endmacro %}{% call(x) box() %}in{{ x }}{% endcall "
       "%}",
       "[inq]"},
  });
  EXPECT_EQ(Failure("{% macro f(a) %}{% endmacro %}\n{{ f(1, 2) }}"),
            "t.jinja:2: f() takes at most 1 arguments");
}

TEST(Jinja, Operators) {
  Check({
      {"{{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 6 / 2 }} {{ 2 ** 10 }} {{ 2**-1 }} {{ 2**3**2 "
       "}}",
       "3 -4 2 3.0 1024 0.5 64"},
      {"{{ 'a' + 1 ~ 2 * 3 }}", "a16"},
      {"{{ 1 == 1.0 }}{{ true == 1 }}{{ '1' == 1 }}{{ [1, 2] < [1, 3] }}{{ 1 < 2 < 2 }}",
       "TrueTrueFalseTrueFalse"},
      {"{{ '' or 'x' }}{{ 0 and 1 }}{{ none or 0 }}{{ not 1 == 2 }}", "x00True"},
      {"{{ 'a' if false else 'b' if false else 'c' }}{{ 1 if false }}", "c"},
      {"{{ 'a' in 'abc' }}{{ 3 not in [1] }}{{ 'A' in d }}{{ 'a' in zz }}", "TrueTrueTrueFalse"},
      {"{{ [1] + [2] }}{{ 'ab' * 2 }}{{ (1,) + (2,) }}", "[1, 2]abab(1, 2)"},
      {"{{ '%s and %d%%' % ('x', 3) }}{{ '%s' | format(1) }}", "x and 3%1"},
      {"{{ 'a' 'b' }}{{ '\\u00e9\\x41\\101\\q' }}{{ 1_000 }}{{ 1.5e3 }}", "abéAA\\q10001500.0"},
      {"{{ -1 | abs }}{{ 'a' ~ none ~ true ~ 1.0 ~ [1] }}", "1aNoneTrue1.0[1]"},
  });
}

TEST(Jinja, ItemsAndSlices) {
  Check({
      {"{{ s[1:4] }}|{{ s[::-1] }}|{{ s[-3:] }}|{{ s[::2] }}|{{ s[100:] }}|{{ s[5:1:-2] }}|{{ "
       "s[-1] }}",
       "ell|dlrow olleh|rld|hlowrd|| l|d"},
      {"{{ l[1:] }}{{ l[::-1] }}{{ l[-2:] }}{{ l[10::-1] }}{{ l[:-10:-1] }}{{ l.0 }}",
       "[1, 2][2, 1, 3][1, 2][2, 1, 3][2, 1, 3]3"},
      {"{{ messages[1].content[3:] }}{{ messages[1]['content'] | length }}", "é😀5"},
      {"{{ d['items'] }}{{ d.items is callable }}{{ d.b }}{{ d['zz'] }}{{ n.foo }}{{ l[9] }}",
       "3True1"},
      {"{{ messages[0].nope is defined }}{{ d.pop is defined }}", "FalseFalse"},
  });
}

TEST(Jinja, PrintsAsPython) {
  Check({
      {"{{ [1.0, 1e20, 1e16, 123456789012345.6, 1e-5, 0.0001, -0.0, 10 / 3] }}",
       "[1.0, 1e+20, 1e+16, 123456789012345.6, 1e-05, 0.0001, -0.0, 3.3333333333333335]"},
      {R"({{ ["it's", 'q"q', 'both\'"', 'n\n\t\\', 'é', '\x00\x7f\u200b\xa0'] }})",
       R"(["it's", 'q"q', 'both\'"', 'n\n\t\\', 'é', '\x00\x7f\u200b\xa0'])"},
      {"{{ (1,) }}{{ () }}{{ 1, 2 }}{{ {'a': (1, [none, true])} }}",
       "(1,)()(1, 2){'a': (1, [None, True])}"},
      {"{{ none }}{{ True }}{{ false }}{{ zz }}{{ namespace(a=1) }}",
       "NoneTrueFalse<Namespace {'a': 1}>"},
      {"{{ [d, f] }}", "[{'b': 1, 'A': 2, 'items': 3}, 1.0]"},
  });
}

TEST(Jinja, Json) {
  Check({
      {"{{ [d, n, f, true, 'é\"\\n</b>'] | tojson }}",
       R"([{"b": 1, "A": 2, "items": 3}, null, 1.0, true, "é\"\n</b>"])"},
      {"{{ 'é😀' | tojson(ensure_ascii=true) }}", R"("\u00e9\ud83d\ude00")"},
      {"{{ {'a': [1, {}], 'b': []} | tojson(indent=2) }}",
       "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": []\n}"},
      {"{{ d | tojson(sort_keys=true, separators=(',', ':')) }}", R"({"A":2,"b":1,"items":3})"},
      {"{{ {1: [], none: 2.5, true: {}} | tojson }}", R"({"1": {}, "null": 2.5})"},
  });
}

TEST(Jinja, TextMethods) {
  Check({
      {"{{ ' a '.strip() }}|{{ 'xxaxx'.lstrip('x') }}|{{ 'xxaxx'|trim('x') }}|{{ "
       "messages[0].content|trim }}",
       "a|axx|a|Be good."},
      {"{{ 'a b  c'.split() }}{{ 'a b  c'.split(' ') }}{{ 'a,b,c'.split(',', 1) }}",
       "['a', 'b', 'c']['a', 'b', '', 'c']['a', 'b,c']"},
      {"{{ ' a b c '.split(none, 1) }}{{ 'a,b,c'.rsplit(',', 1) }}{{ ''.split(',') }}{{ ''.split() "
       "}}",
       "['a', 'b c ']['a,b', 'c'][''][]"},
      {"{{ 'abc'.startswith('ab') }}{{ 'abc'.endswith(('x', 'c')) }}", "TrueTrue"},
      {"{{ 'aaa'.replace('a', 'b', 2) }}{{ 'abc'.replace('', '-') }}{{ 'aXbX'.count('X') }}",
       "bba-a-b-c-2"},
      {"{{ \"they're x1y\".title() }}|{{ 'hello-wORLD (foo' | title }}|{{ 'hELLO' | capitalize }}",
       "They'Re X1Y|Hello-World (Foo|Hello"},
      {"{{ 'straße É'.upper() }}{{ 'ÀÉ' | lower }}", "STRASSE Éàé"},
      {"{{ 'a\\nb\\r\\nc\\n'.splitlines() }}{{ ', '.join(['a', 'b']) }}", "['a', 'b', 'c']a, b"},
      {"{{ 'a\\nb\\n\\nc' | indent }}|{{ 'a\\nb' | indent(2, first=true) }}",
       "a\n    b\n\n    c|  a\n  b"},
      {"{{ '<a href=\"x\">\\'&' | e }}", "&lt;a href=&#34;x&#34;&gt;&#39;&amp;"},
  });
}

TEST(Jinja, ListFilters) {
  Check({
      {"{{ messages | map(attribute='role') | join(', ') }}", "system, user, assistant"},
      {"{{ messages | selectattr('role', 'equalto', 'user') | list | length }}"
       "{{ messages | rejectattr('tool_calls', 'defined') | list | length }}",
       "12"},
      {"{{ [1, 2, 3, 4] | select('even') | list }}{{ [0, 1, ''] | select | list }}", "[2, 4][1]"},
      {"{{ ['b', 'A', 'c'] | sort }}{{ ['b', 'A'] | sort(case_sensitive=true) }}{{ "
       "l|sort(reverse=true) }}",
       "['A', 'b', 'c']['A', 'b'][3, 2, 1]"},
      {"{{ [1, 1, 'a', 'A'] | unique | list }}{{ l | max }}{{ l | sum }}{{ 'abc' | reverse }}",
       "[1, 'a']36cba"},
      {"{{ l | first }}{{ l | last }}{{ [] | first }}{{ d | length }}{{ d | list }}",
       "323['b', 'A', 'items']"},
      {"{{ zz | default('D') }}{{ n | default('D') }}{{ '' | default('E', true) }}", "DNoneE"},
      {"{{ '3.7' | int }}{{ 'x' | int(5) }}{{ '0x1f' | int(0, 16) }}{{ '1e3' | float }}",
       "35311000.0"},
      {"{{ 2.5 | round }} {{ 2.675 | round(2) }} {{ 2.1 | round(1, 'ceil') }} {{ 2 | round }}",
       "2.0 2.67 2.1 2"},
  });
}

TEST(Jinja, Tests) {
  Check({
      {"{{ zz is defined }}{{ zz is undefined }}{{ n is none }}{{ s is string }}{{ d is mapping }}",
       "FalseTrueTrueTrueTrue"},
      {"{{ s is iterable }}{{ i is sequence }}{{ true is number }}{{ 1 is true }}{{ f is float }}",
       "TrueFalseTrueFalseTrue"},
      {"{{ 4 is divisibleby 2 }}{{ 3 is even }}{{ 'a' is in ['a'] }}{{ 1 is sameas true }}",
       "TrueFalseTrueFalse"},
      {"{{ n is not none }}{{ not zz is defined }}{{ x is not defined and true }}",
       "FalseTrueTrue"},
  });
}

TEST(Jinja, FailuresNameLineAndProblem) {
  const Cases cases = {
      {"\n{{ zz.foo }}", "t.jinja:2: 'zz' is undefined"},
      {"{{ messages[0].nope.x }}", "t.jinja:1: 'dict object' has no attribute 'nope'"},
      {"a\nb\n{{ raise_exception('no\\n' ~ 1) }}", "t.jinja:3: the template refuses: no 1"},
      {"{{ 'a' + 1 }}", "t.jinja:1: operator + does not take 'str' and 'int'"},
      {"{{ 1 < 'a' }}", "t.jinja:1: 'int' and 'str' have no order"},
      {"{{ zz | tojson }}",
       "t.jinja:1: 'zz' is undefined: JSON cannot hold a value of type Undefined"},
      {"{{ 1 // 0 }}", "t.jinja:1: division by zero"},
      {"{{ d.pop('b') }}", "t.jinja:1: 'dict object' has no attribute 'pop'"},
      {"\n{% if x %}\n", "t.jinja:2: a block that starts here has no {% endif %}"},
      {"{{ 1 + }}", "t.jinja:1: the expression ends where an expression should be"},
      {"{% foo %}", "t.jinja:1: chat templates have no statement 'foo' here"},
      {"{{ x", "t.jinja:1: a block or print statement has no end"},
      {"{{ 1 | nope }}", "t.jinja:1: there is no filter 'nope'"},
      {"{% set x.y = 1 %}",
       "t.jinja:1: only attributes of a namespace can be set, and 'x' is none"},
      {"\xff", "t.jinja:1: the text is not valid UTF-8"},
  };
  for (const auto& [text, want] : cases) {
    EXPECT_EQ(Failure(text), want) << text;
  }
}

TEST(Jinja, HostileTemplatesEndInBounds) {
  const std::string deep(100000, '(');
  std::string chain = "{{ 1", elifs = "{% if 0 %}";
  for (int i = 0; i < 2000; ++i) {
    chain += " + 1";
    elifs += "{% elif 0 %}";
  }
  for (const std::string& text : {
           "{{ " + deep,
           "{{ [" + std::string(100000, '-') + "1] }}",
           chain + " }}",
           std::string("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"),
           std::string(
               "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"),
           std::string("{{ 'x' * 999999999999 }}"),
           std::string("{{ [[]] * 999999999 }}"),
           std::string("{{ range(99999999999) }}"),
           std::string(
               "{% set n = namespace(a='x') %}{% for i in range(99) %}{% set n.a = n.a ~ n.a %}"
               "{% endfor %}"),
           std::string("{% set n = namespace(a=[]) %}{% for i in range(999) %}{% set n.a = [n.a] %}"
                       "{% endfor %}"),
           std::string(
               "{% set n = namespace(a=[]) %}{% for i in range(60) %}{% set n.a = [n.a, n.a] %}"
               "{% endfor %}{{ n.a }}"),
           std::string("{% set n = namespace() %}{% set n.a = n %}{{ n }}"),
           std::string("{{ 'aaaa' | indent(99999999999) }}{{ 9 ** 99 }}"),
           std::string("{{ ('a' * 999999).replace('a', 'b' * 999999) }}"),
       }) {
    const std::string failure = Failure(text);
    EXPECT_EQ(failure.find("t.jinja:1: "), 0u)
        << text.substr(0, 80) << " " << failure.substr(0, 99);
    EXPECT_EQ(failure.find('\n'), std::string::npos);
  }
  EXPECT_EQ(Render(elifs + "{% else %}x{% endif %}"), "x");  // flat, however long
}

TEST(Jinja, TimeOfTheMachine) {
  const auto year = [] {
    const std::time_t now = std::time(nullptr);
    return std::to_string(1900 + std::localtime(&now)->tm_year);
  };
  const std::string before = year(), rendered = Render("{{ strftime_now('%Y') }}");
  EXPECT_TRUE(rendered == before || rendered == year());
}

}  // namespace
}  // namespace tersor::io::jinja
