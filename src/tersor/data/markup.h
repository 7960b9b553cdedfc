// Prose out of documentation: paragraphs of running text from HTML and Perl's POD.
#ifndef TERSOR_DATA_MARKUP_H_
#define TERSOR_DATA_MARKUP_H_

#include <string>
#include <string_view>
#include <vector>

namespace tersor::data {

/// Text of the block elements of an HTML page in order, one string a block: tags dropped, entities
/// decoded, white space collapsed. Code blocks, scripts, styles, tables of contents and the page's
/// header, footer and navigation are left out.
std::vector<std::string> HtmlParagraphs(std::string_view html);

/// Ordinary paragraphs of a POD document, formatting codes resolved; verbatim ones are left out.
std::vector<std::string> PodParagraphs(std::string_view pod);

/// True for running English text: at least 120 bytes, 88 % of them letters or spaces, and one word
/// in eight a common function word.
bool IsProse(std::string_view paragraph);

}  // namespace tersor::data

#endif  // TERSOR_DATA_MARKUP_H_
