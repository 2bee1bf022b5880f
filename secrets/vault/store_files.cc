#include "secrets/vault/store_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "base/sys.h"
#include "base/text.h"

namespace confide::vault {
namespace {

Error failed(std::string_view operation, std::string_view path) {
  Error error = sys::errno_error(operation, path);
  error.kind = ErrorKind::kRefused;
  return error;
}

Error refuse(std::string_view path, std::string_view why) {
  return Error{ErrorKind::kRefused, 0, cat(printable(path), " ", why)};
}

}  // namespace

Result<Folder> Folder::open(int parent, const std::string& name, std::string_view where, IfAbsent if_absent) {
  std::string path = name == "." ? std::string(where) : cat(where, "/", name);
  if (if_absent == IfAbsent::kCreate && ::mkdirat(parent, name.c_str(), 0700) == 0) {
    if (::fsync(parent) != 0) return failed("fsync", where);
  }
  UniqueFd fd(::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.valid()) return failed("open", path);
  struct stat about {};
  if (::fstat(fd.get(), &about) != 0) return failed("fstat", path);
  if (about.st_uid != ::geteuid()) return refuse(path, cat("belongs to uid ", about.st_uid, ", not to you"));
  if ((about.st_mode & 022) != 0) return refuse(path, "can be written by others: chmod go-w");
  return Folder(std::move(fd), std::move(path));
}

std::string Folder::path_of(std::string_view name) const { return cat(where_, "/", name); }

Result<std::optional<UniqueFd>> Folder::open_file(const std::string& name) const {
  UniqueFd fd(::openat(fd_.get(), name.c_str(), O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.valid()) {
    if (errno == ENOENT) return std::optional<UniqueFd>();
    return failed("open", path_of(name));
  }
  struct stat about {};
  if (::fstat(fd.get(), &about) != 0) return failed("fstat", path_of(name));
  if (!S_ISREG(about.st_mode)) return refuse(path_of(name), "is not a regular file");
  return std::optional(std::move(fd));
}

Result<std::optional<std::string>> Folder::read(const std::string& name, size_t limit) const {
  const auto fd = TRY(open_file(name));
  if (!fd) return std::optional<std::string>();
  auto bytes = sys::read_all(fd->get(), limit, path_of(name));
  if (!bytes) return Error{ErrorKind::kRefused, bytes.error().errnum, bytes.error().what};
  return std::optional(std::move(*bytes));
}

Result<std::optional<secrets::SecretBuffer>> Folder::read_private(const std::string& name, size_t limit) const {
  const auto fd = TRY(open_file(name));
  if (!fd) return std::optional<secrets::SecretBuffer>();
  struct stat about {};
  if (::fstat(fd->get(), &about) != 0) return failed("fstat", path_of(name));
  if (about.st_uid != ::geteuid() || (about.st_mode & 077) != 0)
    return refuse(path_of(name), "is open to others: it must be yours and have mode 0600");
  return std::optional(TRY(secrets::read_fd(fd->get(), limit, path_of(name))));
}

Status Folder::write_new(const std::string& name, int flags, std::span<const std::byte> bytes, Sync sync) const {
  const UniqueFd fd(::openat(fd_.get(), name.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | flags, 0600));
  if (!fd.valid()) return failed("create", path_of(name));
  const auto written = sys::write_all(fd.get(), bytes);
  if (written && (sync == Sync::kLater || ::fsync(fd.get()) == 0)) return {};
  Error error = written ? failed("fsync", path_of(name))
                        : Error{ErrorKind::kRefused, written.error().errnum, cat("write ", printable(path_of(name)))};
  (void)::unlinkat(fd_.get(), name.c_str(), 0);
  return error;
}

Status Folder::replace(const std::string& name, std::span<const std::byte> bytes) const {
  // One writer at a time holds the lock, so one name does; what a killed writer left is overwritten.
  const std::string temporary = name + ".new";
  TRY(write_new(temporary, O_TRUNC, bytes, Sync::kNow));
  if (::renameat(fd_.get(), temporary.c_str(), fd_.get(), name.c_str()) != 0) {
    Error error = failed("rename", path_of(temporary));
    (void)::unlinkat(fd_.get(), temporary.c_str(), 0);
    return error;
  }
  return sync();
}

Status Folder::create(const std::string& name, std::span<const std::byte> bytes, Sync sync) const {
  return write_new(name, O_EXCL, bytes, sync);
}

Status Folder::remove(const std::string& name) const {
  if (::unlinkat(fd_.get(), name.c_str(), 0) != 0 && errno != ENOENT) return failed("unlink", path_of(name));
  return {};
}

Status Folder::sync() const {
  if (::fsync(fd_.get()) != 0) return failed("fsync", where_);
  return {};
}

Status Folder::sync_everything() const {
  if (::syncfs(fd_.get()) != 0) return failed("syncfs", where_);
  return {};
}

Result<std::vector<std::string>> Folder::list() const {
  const int again = ::openat(fd_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(again >= 0 ? ::fdopendir(again) : nullptr, ::closedir);
  if (!folder) return failed("open", where_);
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(folder.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  return names;
}

Result<FolderLock> FolderLock::take(int folder, std::string_view where, Kind kind) {
  // A file description of its own: flock belongs to it.
  UniqueFd fd(::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return failed("open", where);
  constexpr int kTries = 1000;
  constexpr timespec kPause{.tv_sec = 0, .tv_nsec = 10'000'000};
  for (int i = 0; i < kTries; ++i) {
    if (::flock(fd.get(), (kind == Kind::kShared ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0) return FolderLock(std::move(fd));
    if (errno != EWOULDBLOCK && errno != EINTR) return failed("flock", where);
    (void)::nanosleep(&kPause, nullptr);
  }
  return refuse(where, "is being written by another confide for ten seconds now");
}

}  // namespace confide::vault
