// `tersor export`: writes a model folder as one GGUF file, or as safetensors of another type.
#include <chrono>
#include <filesystem>
#include <vector>

#include "cli.h"
#include "tersor/io/checkpoint.h"
#include "tersor/io/checkpoint_files.h"
#include "tersor/io/gguf_export.h"
#include "tersor/util/error.h"
#include "tersor/util/file.h"
#include "tersor/util/log.h"
#include "tersor/util/record.h"
#include "verbs.h"

namespace tersor::cli {
namespace {

namespace fs = std::filesystem;

io::GgmlType GgufType(const std::string& name) {
  if (name == "f32") return io::GgmlType::kF32;
  if (name == "f16") return io::GgmlType::kF16;
  if (name == "bf16") return io::GgmlType::kBF16;
  if (name == "q8_0") return io::GgmlType::kQ8_0;
  if (name == "mxfp4") return io::GgmlType::kMxfp4;
  FailUsage("tersor export: --dtype ", name,
            " is not known; GGUF takes f32, f16, bf16, q8_0, mxfp4");
}

io::Dtype SafetensorsType(const std::string& name) {
  if (name == "f32") return io::Dtype::kF32;
  if (name == "f16") return io::Dtype::kF16;
  if (name == "bf16") return io::Dtype::kBF16;
  FailUsage("tersor export: --dtype ", name, " is not known; safetensors takes f32, f16, bf16");
}

/// The folder appears whole or not at all.
void ExportFolder(const std::string& model, const std::string& output, io::Dtype dtype) {
  const io::Checkpoint checkpoint = io::Checkpoint::Open(model);
  TERSOR_CHECK(!fs::exists(output) || !fs::equivalent(model, output), output,
               ": is the model itself; choose another folder");
  const std::string fresh = output + ".new";
  MakeFolders(fresh);
  std::vector<io::HostTensor> tensors;
  std::vector<std::vector<std::byte>> stored;
  for (const io::TensorShape& expected : io::ExpectedTensors(checkpoint.config())) {
    const std::vector<float> values = checkpoint.Weight(expected.name).ToFloats();
    stored.emplace_back(values.size() * static_cast<size_t>(io::BitsOf(dtype)) / 8);
    io::FromFloat(dtype, values, stored.back());
    tensors.push_back({expected.name, dtype, expected.shape, stored.back()});
  }
  io::WriteSafetensors(fresh + "/model.safetensors", tensors, {{"format", "pt"}});
  io::WriteModelConfig(fresh, checkpoint.config(), dtype);
  io::CopyTokenizer(model, fresh);
  ReplaceFolder(fresh, output);
}

}  // namespace

int RunExport(int argc, char** argv) {
  std::string model, output, format = "gguf", dtype = "f16";
  CommandLine line(
      "export", "Write a model as GGUF, or as safetensors of another type.",
      "tersor export --model models/llama-12m --format gguf --dtype q8_0 -o llama.gguf");
  line.Option("--model", "model folder in Hugging Face's layout", &model, true)
      .Option("--format", "gguf (one file) or safetensors (a folder)", &format)
      .Option("--dtype", "f32, f16, bf16; gguf also q8_0, mxfp4 (the blocks)", &dtype)
      .Option("-o,--output", "file or folder to write", &output, true);
  if (!line.Parse(argc, argv)) {
    return 0;
  }
  const auto began = std::chrono::steady_clock::now();
  if (format == "gguf") {
    io::ExportGguf(model, output, GgufType(dtype));
  } else if (format == "safetensors") {
    ExportFolder(model, output, SafetensorsType(dtype));
  } else {
    FailUsage("tersor export: --format ", format, " is not known; there are: gguf, safetensors");
  }
  log::Info("{}", output);
  if (!line.common().json.empty()) {
    Record record;
    record.verb = "export";
    record.seed = line.common().seed;
    record.config = {{"model", model}, {"format", format}, {"dtype", dtype}, {"output", output}};
    const std::string file = format == "gguf" ? output : output + "/model.safetensors";
    record.metrics["megabytes"] = static_cast<double>(fs::file_size(file)) / 1e6;
    record.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    WriteRecord(line.common().json, record);
  }
  return 0;
}

}  // namespace tersor::cli
