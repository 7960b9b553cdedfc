#include "tersor/report/number_format.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace tersor::report {
namespace {

constexpr int kSignificantDigits = 4;
constexpr int kMaxDecimals = 6;
constexpr std::string_view kMinus = "\u2212";

int Exponent(double value) {
  return value == 0 ? 0 : static_cast<int>(std::floor(std::log10(std::abs(value))));
}

bool IsInteger(double value) { return std::abs(value) < 1e15 && value == std::trunc(value); }

/// Digits of `text` ("-12345.60") with commas between thousands and a true minus sign.
std::string Group(std::string text) {
  const bool negative = text.starts_with('-');
  text.erase(0, negative ? 1 : 0);
  for (size_t i = std::min(text.find('.'), text.size()); i > 3; i -= 3) {
    text.insert(i - 3, 1, ',');
  }
  const bool is_zero = text.find_first_not_of("0.,") == std::string::npos;
  return negative && !is_zero ? std::string(kMinus).append(text) : text;
}

void DropTrailingZeros(std::string* digits) {
  if (digits->find('.') != std::string::npos) {
    digits->erase(digits->find_last_not_of('0') + 1);
    if (digits->back() == '.') {
      digits->pop_back();
    }
  }
}

std::string Superscript(int value) {
  constexpr std::string_view kDigits[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
  std::string out = value < 0 ? "⁻" : "";
  for (const char c : std::to_string(std::abs(value))) {
    out += kDigits[c - '0'];
  }
  return out;
}

std::string NotFinite(double value) {
  return std::isnan(value) ? "NaN" : value > 0 ? "∞" : std::string(kMinus).append("∞");
}

}  // namespace

std::string FormatFixed(double value, int decimals) {
  return std::isfinite(value) ? Group(fmt::format("{:.{}f}", value, decimals)) : NotFinite(value);
}

std::string FormatScientific(double value, int decimals) {
  if (!std::isfinite(value)) {
    return NotFinite(value);
  }
  // The library's own rounding decides the exponent: 9.9996e3 becomes 1e4.
  const std::string text = fmt::format("{:.{}e}", value, decimals);
  const size_t e = text.find('e');
  std::string mantissa = text.substr(0, e);
  DropTrailingZeros(&mantissa);
  const std::string power = "10" + Superscript(std::atoi(text.c_str() + e + 1));
  return mantissa == "1" ? power : Group(mantissa).append("×").append(power);
}

std::string FormatNumber(double value) {
  if (!std::isfinite(value)) {
    return NotFinite(value);
  }
  if (IsInteger(value)) {
    return FormatFixed(value, 0);
  }
  const int exponent = Exponent(value);
  if (exponent < -3 || exponent > 6) {
    return FormatScientific(value, kSignificantDigits - 1);
  }
  std::string digits =
      fmt::format("{:.{}f}", value, std::max(0, kSignificantDigits - 1 - exponent));
  DropTrailingZeros(&digits);
  return Group(digits);
}

std::string FormatCompact(double value) {
  for (const auto& [unit, letter] : {std::pair{1e12, 'T'}, {1e9, 'G'}, {1e6, 'M'}}) {
    if (std::abs(value) >= unit && std::abs(value) < 1e15) {
      // Rounded first, so that 999,999,999 becomes 1000M and not 1e3M.
      return FormatNumber(std::round(value / unit * 1e3) / 1e3) += letter;
    }
  }
  return FormatNumber(value);
}

std::vector<std::string> FormatColumn(std::span<const double> values) {
  double largest = 0, smallest = HUGE_VAL;
  bool integers = true;
  for (const double value : values) {
    if (std::isfinite(value) && value != 0) {
      largest = std::max(largest, std::abs(value));
      smallest = std::min(smallest, std::abs(value));
      integers = integers && IsInteger(value);
    }
  }
  // The smallest shows its significant digits unless the largest then shows more than six, but
  // at least two of them.
  const int small = Exponent(smallest), large = Exponent(largest);
  const int decimals =
      largest == 0 ? 0
                   : std::max({0, 1 - small, std::min(kSignificantDigits - 1 - small, 5 - large)});
  const bool fixed = !integers && largest < 1e7 && decimals <= kMaxDecimals;
  std::vector<std::string> out;
  for (const double value : values) {
    out.push_back(fixed ? FormatFixed(value, decimals) : FormatNumber(value));
  }
  return out;
}

std::string FormatRatio(double ratio) {
  if (!std::isfinite(ratio)) {
    return NotFinite(ratio);
  }
  return (ratio < 10 ? FormatFixed(ratio, 2) : FormatNumber(ratio)).append("×");
}

std::string FormatCoordinate(double value) {
  std::string digits = fmt::format("{:.2f}", value);
  DropTrailingZeros(&digits);
  return digits == "-0" ? "0" : digits;
}

}  // namespace tersor::report
