// The validation page: quantities of ours beside what is known of them, section by section.
#ifndef TERSOR_TWIN_VALIDATION_PAGE_H_
#define TERSOR_TWIN_VALIDATION_PAGE_H_

#include <string>
#include <vector>

#include "tersor/twin/picture.h"
#include "tersor/util/record.h"

namespace tersor::twin {

/// One quantity. It agrees where ours lies within [low, high].
struct ValidationRow {
  std::string quantity, unit;
  double ours = 0, expected = 0;
  double low = 0, high = 0;

  bool Agrees() const { return ours >= low && ours <= high; }
};

/// A row that agrees within `share` of what is expected.
ValidationRow Near(std::string quantity, std::string unit, double ours, double expected,
                   double share);

/// A row that agrees within a range, of which the middle is called expected.
ValidationRow InRange(std::string quantity, std::string unit, double ours, double low, double high);

/// What belongs together: a table and its pictures. `text` says what was compared with what.
struct ValidationSection {
  std::string title, text;
  std::vector<ValidationRow> rows;
  std::vector<Picture> pictures;  // names unique over all sections
};

/// The page as HTML, offline. `command` is for the reader to repeat.
std::string RenderValidation(const std::vector<ValidationSection>& sections,
                             const std::string& command);

/// Writes validation.html, pictures/*.svg and record.json into the folder. Returns the record: a
/// row a quantity; metrics `quantities` and `quantities_agreeing`.
Record WriteValidation(const std::vector<ValidationSection>& sections, const std::string& command,
                       const std::string& folder);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_VALIDATION_PAGE_H_
