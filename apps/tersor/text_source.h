// Text that a user names: files, folders, globs, or a corpus by name; and questions about it.
#ifndef TERSOR_APPS_TERSOR_TEXT_SOURCE_H_
#define TERSOR_APPS_TERSOR_TEXT_SOURCE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "tersor/data/document.h"
#include "tersor/eval/multiple_choice.h"

namespace tersor::cli {

/// Each name is a path, a glob, or "corpus:NAME" with the split `split`, which "corpus:NAME/SPLIT"
/// overrides. Throws Error.
std::vector<data::Document> ReadNamedText(const std::vector<std::string>& names,
                                          const std::string& split);

constexpr int64_t kDefaultQuestions = 400;

/// Multiple-choice questions: those of a .jsonl file, or `count` made from text named as above (its
/// test split), always the same ones. Throws Error.
std::vector<eval::Question> ReadNamedQuestions(const std::string& name, int64_t count);

/// The tokenizer's defining file, whose contents tell token caches apart.
std::string TokenizerIdentity(const std::string& path);

}  // namespace tersor::cli

#endif  // TERSOR_APPS_TERSOR_TEXT_SOURCE_H_
