// Files of the vault by descriptor of their folder: read whole and bounded, written so that a power cut leaves either
// the old or the new one, locked against a second writer. Errors name the file; what is not a plain file of this user
// is refused (kRefused).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "secrets/secret_buffer.h"

namespace confide::vault {

enum class IfAbsent : uint8_t { kCreate, kError };
// kLater: `sync_everything` follows.
enum class Sync : uint8_t { kNow, kLater };

class Folder {
 public:
  // `where` is the parent's path, for errors only. A created folder has mode 0700.
  static Result<Folder> open(int parent, const std::string& name, std::string_view where, IfAbsent if_absent);

  // Nothing where there is no such file.
  Result<std::optional<std::string>> read(const std::string& name, size_t limit) const;
  // The same in locked memory; a file that others may read is refused.
  Result<std::optional<secrets::SecretBuffer>> read_private(const std::string& name, size_t limit) const;
  // By a temporary file, fsync, rename, fsync of the folder.
  Status replace(const std::string& name, std::span<const std::byte> bytes) const;
  // A file that nobody looks for yet: written in place and synced, the folder not.
  Status create(const std::string& name, std::span<const std::byte> bytes, Sync sync) const;
  Status remove(const std::string& name) const;
  Status sync() const;
  // syncfs(2): all files of the file system; for many at once.
  Status sync_everything() const;
  Result<std::vector<std::string>> list() const;

  std::string path_of(std::string_view name) const;
  const std::string& where() const { return where_; }
  int fd() const { return fd_.get(); }

 private:
  Folder(UniqueFd fd, std::string where) : fd_(std::move(fd)), where_(std::move(where)) {}
  Result<std::optional<UniqueFd>> open_file(const std::string& name) const;
  Status write_new(const std::string& name, int flags, std::span<const std::byte> bytes, Sync sync) const;

  UniqueFd fd_;
  std::string where_;
};

// flock(2) of a folder; let go of with the object, or with the process.
class FolderLock {
 public:
  enum class Kind : uint8_t { kShared, kExclusive };
  // Waits up to ten seconds, then kRefused.
  static Result<FolderLock> take(int folder, std::string_view where, Kind kind);

 private:
  explicit FolderLock(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace confide::vault
