// Pictures of a clip set: a contact sheet as PNG, and a page that plays the sheet's clips offline.
#ifndef TERSOR_TWIN_CLIPS_CLIP_SHEET_H_
#define TERSOR_TWIN_CLIPS_CLIP_SHEET_H_

#include <cstdint>
#include <string>
#include <vector>

#include "tersor/io/clip_file.h"
#include "tersor/io/image_file.h"

namespace tersor::twin {

/// Clips for a sheet: `columns` of each class (or as many as there are), evenly spaced over the
/// set, the same columns for every class.
std::vector<std::vector<int64_t>> SampleClips(const io::ClipSet& clips, int64_t columns);

/// A row a class under its name; of each sample clip `frames` frames side by side.
io::Image ContactSheet(const io::ClipSet& clips, int64_t columns, int64_t frames);

/// The page: sizes, classes, sample clips that play, where they came from.
std::string RenderClipPage(const io::ClipSet& clips, int64_t columns);

/// Writes contact-sheet.png and index.html into the folder of a clip set. Throws Error naming the
/// file.
void WriteClipSheet(const std::string& folder);

}  // namespace tersor::twin

#endif  // TERSOR_TWIN_CLIPS_CLIP_SHEET_H_
