#include "tersor/train/checkpoint.h"

#include <filesystem>

#include "tersor/io/safetensors.h"
#include "tersor/nn/tensor_io.h"
#include "tersor/util/error.h"
#include "tersor/util/file.h"

namespace tersor::train {
namespace {

constexpr const char* kStateTensors = "/training_state.safetensors";
constexpr const char* kStateFile = "/training_state.json";

/// Fills a fresh folder by `fill` and puts it in the place of `folder`; a failure leaves `folder`
/// as it was.
void WriteFolder(const std::string& folder, const std::function<void(const std::string&)>& fill) {
  const std::string fresh = folder + ".new";
  std::error_code ignored;
  std::filesystem::remove_all(fresh, ignored);  // What an earlier kill left.
  try {
    MakeFolders(fresh);
    fill(fresh);
    ReplaceFolder(fresh, folder);
  } catch (...) {
    std::filesystem::remove_all(fresh, ignored);
    throw;
  }
}

void FillModelFolder(const std::string& folder, const nn::ParameterList& parameters,
                     io::Dtype dtype, const FolderWriter& write_files) {
  nn::SaveTensors(folder + "/model.safetensors", nn::Named(parameters), dtype, {{"format", "pt"}});
  write_files(folder, dtype);
}

}  // namespace

Json RunState::ToJson() const {
  return {{"step", step},       {"total_steps", total_steps}, {"seconds", seconds},
          {"targets", targets}, {"best_loss", best_loss},     {"best_step", best_step},
          {"config", config}};
}

RunState RunState::FromJson(const Json& json, const std::string& source) {
  RunState run;
  try {
    run.step = json.at("step");
    run.total_steps = json.at("total_steps");
    run.seconds = json.at("seconds");
    run.targets = json.at("targets");
    run.best_loss = json.at("best_loss");
    run.best_step = json.at("best_step");
    run.config = json.at("config");
  } catch (const Json::exception& e) {
    Fail(source, ": not a training state of this version (", e.what(),
         "); start again in another folder");
  }
  return run;
}

void SaveModelFolder(const std::string& folder, const nn::ParameterList& parameters,
                     io::Dtype dtype, const FolderWriter& write_files) {
  WriteFolder(folder, [&](const std::string& fresh) {
    FillModelFolder(fresh, parameters, dtype, write_files);
  });
}

void SaveRun(const std::string& folder, const nn::ParameterList& parameters,
             const nn::NamedTensors& state, const RunState& run, const FolderWriter& write_files) {
  WriteFolder(folder, [&](const std::string& fresh) {
    FillModelFolder(fresh, parameters, io::Dtype::kF32, write_files);
    nn::SaveTensors(fresh + kStateTensors, state, io::Dtype::kF32);
    WriteFileAtomically(fresh + kStateFile, run.ToJson().dump(1) + "\n");
  });
}

std::optional<RunState> ReadRunState(const std::string& folder) {
  const std::string path = folder + kStateFile;
  if (!std::filesystem::exists(path)) {
    return std::nullopt;
  }
  return RunState::FromJson(ReadJsonFile(path), path);
}

void LoadRun(const std::string& folder, const nn::ParameterList& parameters,
             const nn::NamedTensors& state) {
  nn::LoadTensors(io::TensorStore::Open(folder + "/model.safetensors"), nn::Named(parameters));
  nn::LoadTensors(io::TensorStore::Open(folder + kStateTensors), state);
}

}  // namespace tersor::train
