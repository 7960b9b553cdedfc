#include "tersor/util/file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include "tersor/util/error.h"

namespace tersor {
namespace {

[[noreturn]] void FailErrno(const std::string& path, const char* action) {
  const int code = errno;
  Fail(path, ": ", action, ": ", std::strerror(code),
       code == ENOSPC ? " (free some space and run again; nothing was replaced)" : "");
}

/// Closes a descriptor at the end of a scope.
struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) {
      ::close(fd);
    }
  }
};

size_t RegularFileSize(int fd, const std::string& path) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) {
    FailErrno(path, "cannot be examined");
  }
  TERSOR_CHECK(S_ISREG(info.st_mode), path, ": is not a regular file");
  return static_cast<size_t>(info.st_size);
}

}  // namespace

std::string ReadFile(const std::string& path) {
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.fd < 0) {
    FailErrno(path, "cannot be opened");
  }
  std::string contents(RegularFileSize(file.fd, path), '\0');
  size_t done = 0;
  while (done < contents.size()) {
    const ssize_t n = ::read(file.fd, contents.data() + done, contents.size() - done);
    if (n < 0 && errno == EINTR) {
      continue;
    }
    if (n < 0) {
      FailErrno(path, "cannot be read");
    }
    if (n == 0) {
      break;  // The file shrank while we read it.
    }
    done += static_cast<size_t>(n);
  }
  contents.resize(done);
  return contents;
}

MappedFile::MappedFile(const std::string& path) : path_(path) {
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.fd < 0) {
    FailErrno(path, "cannot be opened");
  }
  size_ = RegularFileSize(file.fd, path);
  if (size_ == 0) {
    return;
  }
  void* map = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.fd, 0);
  if (map == MAP_FAILED) {
    FailErrno(path, "cannot be mapped");
  }
  data_ = static_cast<const std::byte*>(map);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) {
    ::munmap(const_cast<std::byte*>(data_), size_);
  }
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : path_(std::move(other.path_)),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

void ReleasePages(std::span<const std::byte> part) {
  const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto address = reinterpret_cast<uintptr_t>(part.data());
  const uintptr_t begin = (address + page - 1) / page * page;
  const uintptr_t end = (address + part.size()) / page * page;
  if (begin < end) {
    ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
  }
}

AtomicFile::AtomicFile(const std::string& path)
    : path_(path), temporary_(path + ".tmp" + std::to_string(::getpid())) {
  fd_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd_ < 0) {
    FailErrno(path_, "cannot be written");
  }
}

AtomicFile::~AtomicFile() {
  if (fd_ >= 0) {
    ::close(fd_);
    ::unlink(temporary_.c_str());
  }
}

void AtomicFile::Write(const void* data, size_t size) {
  const char* from = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t n = ::write(fd_, from, size);
    if (n < 0 && errno == EINTR) {
      continue;
    }
    if (n < 0) {
      FailErrno(path_, "cannot be written");
    }
    from += n;
    size -= static_cast<size_t>(n);
  }
}

void AtomicFile::Commit() {
  if (::fsync(fd_) != 0) {
    FailErrno(path_, "cannot be written");
  }
  const int result = ::close(std::exchange(fd_, -1));
  if (result != 0 || ::rename(temporary_.c_str(), path_.c_str()) != 0) {
    const int code = errno;
    ::unlink(temporary_.c_str());
    errno = code;
    FailErrno(path_, "cannot be written");
  }
}

void WriteFileAtomically(const std::string& path, std::string_view contents) {
  AtomicFile file(path);
  file.Write(contents);
  file.Commit();
}

void MakeFolders(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  TERSOR_CHECK(!error, path, ": folder cannot be made: ", error.message());
}

void ReplaceFolder(const std::string& fresh, const std::string& folder) {
  if (::rename(fresh.c_str(), folder.c_str()) == 0) {
    return;  // There was none, or an empty one.
  }
  if (::renameat2(AT_FDCWD, fresh.c_str(), AT_FDCWD, folder.c_str(), RENAME_EXCHANGE) != 0) {
    FailErrno(folder, "cannot be replaced");
  }
  std::error_code ignored;  // The old contents are in the way of nothing.
  std::filesystem::remove_all(fresh, ignored);
}

FolderLock::FolderLock(const std::string& folder) {
  MakeFolders(folder);
  const std::string path = folder + "/.lock";
  fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd_ < 0) {
    FailErrno(path, "cannot be opened");
  }
  if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
    ::close(std::exchange(fd_, -1));
    Fail(folder, ": another tersor process is writing here; wait for it or choose another folder");
  }
}

FolderLock::~FolderLock() {
  if (fd_ >= 0) {
    ::close(fd_);
  }
}

}  // namespace tersor
