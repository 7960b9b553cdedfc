#include "tersor/io/image_preprocessor.h"

#include <filesystem>

#include "tersor/io/config_reader.h"
#include "tersor/util/file.h"

namespace tersor::io {
namespace {

constexpr const char* kFile = "/preprocessor_config.json";
constexpr double kWhite = 255;

std::vector<float> ReadList(const ConfigReader& in, const char* key, int64_t channels) {
  if (!in.Has(key)) {
    return std::vector<float>(static_cast<size_t>(channels), 0.5f);
  }
  const Json& list = in.At(key);
  TERSOR_CHECK(list.is_array() && static_cast<int64_t>(list.size()) == channels, in.source(),
               ": field ", key, " must be a list of ", channels, " numbers");
  std::vector<float> values;
  for (const Json& value : list) {
    TERSOR_CHECK(value.is_number(), in.source(), ": field ", key, " must hold numbers");
    values.push_back(value.get<float>());
  }
  return values;
}

}  // namespace

std::vector<float> ImagePreprocessor::Table(int64_t channel) const {
  const auto c = static_cast<size_t>(channel);
  std::vector<float> table;
  for (int pixel = 0; pixel < 256; ++pixel) {
    table.push_back(static_cast<float>((pixel / kWhite - mean[c]) / std[c]));
  }
  return table;
}

ImagePreprocessor ReadImagePreprocessor(const std::string& folder, int64_t channels) {
  const std::string path = folder + kFile;
  const Json json = std::filesystem::exists(path) ? ReadJsonFile(path) : Json::object();
  TERSOR_CHECK(json.is_object(), path, ": not a JSON object");
  const ConfigReader in(json, path);
  TERSOR_CHECK(in.Bool("do_rescale", true) && in.Bool("do_normalize", true), path,
               ": do_rescale and do_normalize must be true");
  const double factor = in.Number("rescale_factor", 1 / kWhite);
  TERSOR_CHECK(factor > 0.99 / kWhite && factor < 1.01 / kWhite, path, ": rescale_factor ", factor,
               " is not supported; supported: 1/255");
  ImagePreprocessor preprocessor{ReadList(in, "image_mean", channels),
                                 ReadList(in, "image_std", channels)};
  for (const float deviation : preprocessor.std) {
    TERSOR_CHECK(deviation > 0, path, ": field image_std must hold numbers above 0");
  }
  return preprocessor;
}

void WriteImagePreprocessor(const std::string& folder, const ImagePreprocessor& preprocessor,
                            int64_t size) {
  constexpr int kBilinear = 2;
  const Json json = {{"image_processor_type", "ViTImageProcessor"},
                     {"do_resize", true},
                     {"size", {{"height", size}, {"width", size}}},
                     {"resample", kBilinear},
                     {"do_rescale", true},
                     {"rescale_factor", 1 / kWhite},
                     {"do_normalize", true},
                     {"image_mean", preprocessor.mean},
                     {"image_std", preprocessor.std}};
  WriteFileAtomically(folder + kFile, json.dump(2) + "\n");
}

}  // namespace tersor::io
