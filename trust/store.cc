#include "trust/store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/sys.h"
#include "base/text.h"
#include "trust/digest.h"

namespace confide::trust {
namespace {

constexpr size_t kMaxEntryBytes = 16384;
constexpr const char* kFolder = "/allowed";

Error refused(std::string_view path, std::string_view why) {
  return {ErrorKind::kRefused, 0, cat(path, " ", why, "; look who did that before you allow anything again")};
}

// Opened, of the given type, and nobody else's to write. Nothing where there is none.
Result<std::optional<UniqueFd>> open_own(int folder, const std::string& name, const std::string& path, int flags,
                                         mode_t type) {
  auto fd = sys::openat(folder, name, flags | O_NOFOLLOW | O_NONBLOCK);
  if (!fd && fd.error().errnum == ENOENT) return std::optional<UniqueFd>();
  if (!fd && (fd.error().errnum == ELOOP || fd.error().errnum == ENOTDIR))
    return refused(path, "is a link, or no folder");
  if (!fd) return Error{ErrorKind::kRefused, fd.error().errnum, path};
  struct stat found {};
  if (::fstat(fd->get(), &found) != 0) return sys::errno_error("fstat", path);
  if ((found.st_mode & S_IFMT) != type) return refused(path, "is of an unexpected type");
  if (found.st_uid != ::geteuid() && found.st_uid != 0) return refused(path, "belongs to another user");
  if ((found.st_mode & 022) != 0) return refused(path, "can be written by others");
  return std::optional(std::move(*fd));
}

std::string entry_text(std::string_view project, std::string_view digest) {
  return cat("path ", printable(project), "\nsha256 ", digest, "\n");
}

Status make_folders(const std::string& path) {
  for (size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    const std::string part = path.substr(0, slash);
    if (::mkdir(part.c_str(), 0700) != 0 && errno != EEXIST) return sys::errno_error("mkdir", part);
    if (slash == std::string::npos) return {};
  }
}

// The folder of entries; nothing where there is none.
Result<std::optional<UniqueFd>> open_folder(const std::string& state) {
  const auto top = TRY(open_own(AT_FDCWD, state, state, O_RDONLY | O_DIRECTORY, S_IFDIR));
  if (!top) return std::optional<UniqueFd>();
  return open_own(top->get(), kFolder + 1, state + kFolder, O_RDONLY | O_DIRECTORY, S_IFDIR);
}

}  // namespace

Result<std::optional<std::string>> Store::allowed_digest(std::string_view project) const {
  const auto folder = TRY(open_folder(state_));
  if (!folder) return std::optional<std::string>();
  const std::string name = sha256_hex(project);
  const std::string path = cat(state_, kFolder, "/", name);
  const auto entry = TRY(open_own(folder->get(), name, path, O_RDONLY, S_IFREG));
  if (!entry) return std::optional<std::string>();
  const std::string text = TRY(sys::read_all(entry->get(), kMaxEntryBytes, path));
  constexpr size_t kDigits = 64;
  if (text.size() < kDigits + 1) return refused(path, "is damaged");
  std::string digest = text.substr(text.size() - kDigits - 1, kDigits);
  if (text != entry_text(project, digest)) return refused(path, "is damaged");
  return std::optional(std::move(digest));
}

Status Store::allow(std::string_view project, std::string_view digest) const {
  TRY(make_folders(state_ + kFolder));
  const auto folder = TRY(open_folder(state_));
  if (!folder) return refused(state_, "vanished");
  const std::string name = sha256_hex(project);
  const std::string temporary = cat(name, ".", ::getpid());
  (void)::unlinkat(folder->get(), temporary.c_str(), 0);
  const auto fd = TRY(sys::openat(folder->get(), temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
  auto written = sys::write_all(fd.get(), entry_text(project, digest));
  if (written && ::fsync(fd.get()) != 0) written = sys::errno_error("fsync", temporary);
  if (written && ::renameat(folder->get(), temporary.c_str(), folder->get(), name.c_str()) != 0)
    written = sys::errno_error("rename", name);
  if (!written) (void)::unlinkat(folder->get(), temporary.c_str(), 0);
  return written;
}

Result<bool> Store::deny(std::string_view project) const {
  const auto folder = TRY(open_folder(state_));
  if (!folder) return false;
  if (::unlinkat(folder->get(), sha256_hex(project).c_str(), 0) == 0) return true;
  if (errno == ENOENT) return false;
  return sys::errno_error("unlink", state_ + kFolder);
}

}  // namespace confide::trust
