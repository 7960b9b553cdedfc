#include "tersor/io/sentencepiece.h"

#include <dlfcn.h>

#include <string>

#include "tersor/util/error.h"
#include "tersor/util/module_path.h"

namespace tersor::io {
namespace {

constexpr const char* kLibrary = "libtersor_sentencepiece.so";

const SentencePiecePlugin& Plugin() {
  static const SentencePiecePlugin plugin = [] {
    int flags = RTLD_NOW | RTLD_LOCAL;
#if !defined(__SANITIZE_ADDRESS__)  // AddressSanitizer does not bear deep binding.
    flags |= RTLD_DEEPBIND;
#endif
    void* library = ::dlopen(ModulePath(kLibrary).c_str(), flags);
    TERSOR_CHECK(library != nullptr, kLibrary, " cannot be loaded: ", ::dlerror(),
                 "; build or install tersor again");
    const auto entry = reinterpret_cast<SentencePieceEntry>(::dlsym(library, kSentencePieceEntry));
    TERSOR_CHECK(entry != nullptr, kLibrary, " is not tersor's; build or install tersor again");
    SentencePiecePlugin loaded{};
    entry(&loaded);
    return loaded;
  }();
  return plugin;
}

}  // namespace

std::shared_ptr<const Tokenizer> LoadSentencePiece(const std::string& path) {
  return Plugin().load(path);
}

void TrainSentencePiece(std::span<const std::string_view> documents,
                        const TokenizerTraining& options, const std::string& folder) {
  Plugin().train(documents, options, folder);
}

}  // namespace tersor::io
