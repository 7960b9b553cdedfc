// Text that a user names: files, folders, globs, or a corpus by name.
#ifndef TERSOR_APPS_TERSOR_TEXT_SOURCE_H_
#define TERSOR_APPS_TERSOR_TEXT_SOURCE_H_

#include <string>
#include <vector>

#include "tersor/data/document.h"

namespace tersor::cli {

/// Each name is a path, a glob, or "corpus:NAME" with the split `split`, which "corpus:NAME/SPLIT"
/// overrides. Throws Error.
std::vector<data::Document> ReadNamedText(const std::vector<std::string>& names,
                                          const std::string& split);

/// The tokenizer's defining file, whose contents tell token caches apart.
std::string TokenizerIdentity(const std::string& path);

}  // namespace tersor::cli

#endif  // TERSOR_APPS_TERSOR_TEXT_SOURCE_H_
