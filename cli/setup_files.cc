#include "cli/setup_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>

#include "base/sys.h"
#include "base/text.h"
#include "trust/digest.h"

namespace confide::cli {
namespace {

constexpr size_t kMaxSettingsBytes = size_t{4} << 20;

std::string folder_of(const std::string& path) { return path.substr(0, std::max<size_t>(path.rfind('/'), 1)); }

std::string record_path(const std::string& folder, const std::string& path) {
  return cat(folder, "/", trust::sha256_hex(path));
}

// The missing folders of a path, outermost first, made.
Result<std::vector<std::string>> make_folders(const std::string& folder, mode_t mode) {
  std::vector<std::string> made;
  for (size_t slash = folder.find('/', 1);; slash = folder.find('/', slash + 1)) {
    const std::string part = folder.substr(0, slash);
    if (::mkdir(part.c_str(), mode) == 0)
      made.push_back(part);
    else if (errno != EEXIST)
      return sys::errno_error("mkdir", printable(part));
    if (slash == std::string::npos) return made;
  }
}

std::string real_target(const std::string& path) {
  char buffer[PATH_MAX];
  return ::realpath(path.c_str(), buffer) != nullptr ? std::string(buffer) : path;
}

// Beside the file and renamed over it.
Status write_whole(const std::string& path, std::string_view text, mode_t mode) {
  struct stat found {};
  const bool there = ::stat(path.c_str(), &found) == 0;
  const std::string temporary = cat(path, ".confide.", ::getpid());
  (void)::unlink(temporary.c_str());
  const auto fd = TRY(sys::openat(AT_FDCWD, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
  auto done = sys::write_all(fd.get(), text);
  if (done && there && (found.st_uid != ::geteuid() || found.st_gid != ::getegid()) &&
      ::fchown(fd.get(), found.st_uid, found.st_gid) != 0)
    done = sys::errno_error("chown", printable(path));
  if (done && ::fchmod(fd.get(), there ? found.st_mode & 07777 : mode) != 0)
    done = sys::errno_error("chmod", printable(path));
  if (done && ::fsync(fd.get()) != 0) done = sys::errno_error("fsync", printable(path));
  if (done && ::rename(temporary.c_str(), path.c_str()) != 0) done = sys::errno_error("rename", printable(path));
  if (!done) (void)::unlink(temporary.c_str());
  return done;
}

Status remove_file(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return sys::errno_error("unlink", printable(path));
  return {};
}

Status put(const std::string& path, const std::optional<std::string>& text, mode_t mode) {
  const std::string target = real_target(path);
  return text ? write_whole(target, *text, mode) : remove_file(target);
}

Status carry_out(agents::Act act, const agents::SetupChange& change, const std::string& records, mode_t mode) {
  const std::string kept = record_path(records, change.path);
  if (act == agents::Act::kSet) {
    agents::Record record{
        .path = change.path, .existed = change.before.has_value(), .folders = {}, .edits = change.edits};
    // An earlier record knows what was there at first.
    if (const auto text = sys::read_file(kept, kMaxSettingsBytes)) {
      const auto earlier = TRY(agents::decode_record(*text));
      record.existed = earlier.existed;
      record.folders = earlier.folders;
    }
    std::ranges::move(TRY(make_folders(folder_of(change.path), mode == 0644 ? 0755 : 0700)),
                      std::back_inserter(record.folders));
    TRY(make_folders(records, 0700));
    TRY(write_whole(kept, agents::encode(record), 0600));
    return put(change.path, change.after, mode);
  }
  TRY(put(change.path, change.after, mode));
  if (const auto text = sys::read_file(kept, kMaxSettingsBytes)) {
    const auto record = TRY(agents::decode_record(*text));
    // Those that were made for it and are empty again.
    for (auto folder = record.folders.rbegin(); folder != record.folders.rend(); ++folder)
      (void)::rmdir(folder->c_str());
  }
  return remove_file(kept);
}

}  // namespace

Result<agents::Texts> read_settings(const std::vector<std::string>& paths) {
  agents::Texts texts;
  for (const std::string& path : paths) {
    const auto fd = sys::openat(AT_FDCWD, path, O_RDONLY | O_NONBLOCK);
    if (!fd && (fd.error().errnum == ENOENT || fd.error().errnum == ENOTDIR)) continue;
    if (!fd) return Error{ErrorKind::kRefused, fd.error().errnum, printable(path)};
    struct stat found {};
    if (::fstat(fd->get(), &found) != 0 || !S_ISREG(found.st_mode))
      return Error{ErrorKind::kRefused, 0, cat(printable(path), " is no file")};
    texts.emplace(path, TRY(sys::read_all(fd->get(), kMaxSettingsBytes, printable(path))));
  }
  return texts;
}

Result<std::map<std::string, agents::Record>> read_records(const std::string& folder,
                                                           const std::vector<std::string>& paths) {
  std::map<std::string, agents::Record> records;
  for (const std::string& path : paths) {
    const auto text = sys::read_file(record_path(folder, path), kMaxSettingsBytes);
    if (!text) continue;
    auto record = TRY(agents::decode_record(*text));
    if (record.path == path) records.emplace(path, std::move(record));
  }
  return records;
}

Status write_settings(agents::Act act, const std::vector<agents::SetupChange>& changes, const std::string& records,
                      mode_t mode) {
  for (size_t i = 0; i < changes.size(); ++i) {
    const auto done = carry_out(act, changes[i], records, mode);
    if (done) continue;
    for (size_t back = 0; back < i; ++back) (void)put(changes[back].path, changes[back].before, mode);
    return Error{done.error().kind, done.error().errnum, cat(done.error().what, " (nothing was changed)")};
  }
  return {};
}

}  // namespace confide::cli
