// Files: whole reads, atomic writes (temporary name, then rename), read-only maps, folder locks.
#ifndef TERSOR_UTIL_FILE_H_
#define TERSOR_UTIL_FILE_H_

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace tersor {

/// The whole file. Throws Error naming the path and the system's reason.
std::string ReadFile(const std::string& path);

/// A read-only memory map of a whole file; movable. An empty file maps to an empty span.
class MappedFile {
 public:
  explicit MappedFile(const std::string& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

/// Tells the system that part of a map is not needed soon, so that it does not count as this
/// process's memory; it is read from the file again when it is.
void ReleasePages(std::span<const std::byte> part);

/// Writes to `path` + a temporary suffix; `Commit` syncs and renames it into place. Destroyed
/// without Commit, it removes the temporary file, so a failure leaves the old file as it was.
/// Every error (a full disk, too) throws Error naming the path.
class AtomicFile {
 public:
  explicit AtomicFile(const std::string& path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void Write(const void* data, size_t size);
  void Write(std::string_view text) { Write(text.data(), text.size()); }
  void Commit();

 private:
  std::string path_, temporary_;
  int fd_ = -1;
};

/// AtomicFile in one call.
void WriteFileAtomically(const std::string& path, std::string_view contents);

/// Creates a folder and its parents. Throws Error.
void MakeFolders(const std::string& path);

/// Puts a complete folder in the place of another (or of nothing) in one atomic exchange and
/// deletes the old one, so that `folder` is whole at any moment. `fresh` is on the same file
/// system.
void ReplaceFolder(const std::string& fresh, const std::string& folder);

/// Holds `folder`/.lock while alive, so that a second process on the same output folder fails with
/// one clear line. The lock dies with the process, however it dies.
class FolderLock {
 public:
  explicit FolderLock(const std::string& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int fd_ = -1;
};

}  // namespace tersor

#endif  // TERSOR_UTIL_FILE_H_
