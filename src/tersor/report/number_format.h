// Numbers as a reader wants them: few digits, grouped thousands, a true minus sign.
#ifndef TERSOR_REPORT_NUMBER_FORMAT_H_
#define TERSOR_REPORT_NUMBER_FORMAT_H_

#include <span>
#include <string>
#include <vector>

namespace tersor::report {

/// Four significant digits; integers below 10^15 in full: "12,345", "3.142", "1.2×10⁻⁵". "NaN" and
/// "∞" for values that are none.
std::string FormatNumber(double value);

/// A fixed number of decimals, with grouped thousands: FormatFixed(1234.5, 2) = "1,234.50".
std::string FormatFixed(double value, int decimals);

/// FormatNumber in little room: from a million on "24.58M", then G and T.
std::string FormatCompact(double value);

/// "2×10⁻⁴"; `decimals` digits after the point of the mantissa, trailing zeros dropped.
std::string FormatScientific(double value, int decimals);

/// One column of a table: all numbers with the same decimals where their sizes allow it, so that
/// the decimal points stand below each other.
std::vector<std::string> FormatColumn(std::span<const double> values);

/// "1.82×" for a ratio.
std::string FormatRatio(double ratio);

/// A coordinate of SVG in at most two decimals: "12", "12.5"; `value` must be finite.
std::string FormatCoordinate(double value);

}  // namespace tersor::report

#endif  // TERSOR_REPORT_NUMBER_FORMAT_H_
