#include "agents/wrap_watch.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <span>

#include "base/unique_fd.h"
#include "launcher/plan/steps.h"

namespace confide::agents {
namespace {

constexpr size_t kMostEntries = 20'000;  // of one path: .git/modules can hold whole repositories

// FNV-1a, 64 bits: what is told apart are states of one machine's files, and nobody gains by a collision that a change
// of an inode or of a time would have to hit.
class Digest {
 public:
  void add(const void* bytes, size_t size) {
    for (const unsigned char byte : std::span(static_cast<const unsigned char*>(bytes), size))
      value_ = (value_ ^ byte) * 0x100000001B3U;
  }
  template <class Number>
  void add(Number number) {
    add(&number, sizeof number);
  }
  uint64_t value() const { return value_ == 0 ? 1 : value_; }

 private:
  uint64_t value_ = 0xCBF29CE484222325U;
};

// What stands for something that must not be made (launcher/supervise/covers.h).
bool is_cover(const struct stat& found) { return S_ISSOCK(found.st_mode) || launcher::is_cover_folder(found.st_mode); }

class Looker {
 public:
  Looked look(const std::string& path) {
    struct stat found {};
    if (::fstatat(AT_FDCWD, path.c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0) return {};
    if (is_cover(found)) return {};
    add(AT_FDCWD, path.c_str(), found);
    return {digest_.value(), entries_ <= kMostEntries};
  }

 private:
  // To kMostEntries. NOLINTNEXTLINE(misc-no-recursion)
  void add(int at, const char* name, const struct stat& found) {
    if (++entries_ > kMostEntries) return;
    digest_.add(name, std::char_traits<char>::length(name));
    digest_.add(found.st_mode);
    digest_.add(found.st_ino);
    const bool folder = S_ISDIR(found.st_mode);
    // A folder's own times change when a cover comes and goes; its entries say what is in it.
    if (!folder) {
      digest_.add(found.st_size);
      digest_.add(found.st_ctim.tv_sec);
      digest_.add(found.st_ctim.tv_nsec);
      return;
    }
    add_entries(at, name);
  }

  // To kMostEntries. NOLINTNEXTLINE(misc-no-recursion)
  void add_entries(int at, const char* name) {
    const int fd = ::openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR* folder = fd < 0 ? nullptr : ::fdopendir(fd);
    if (folder == nullptr) {
      if (fd >= 0) ::close(fd);
      return;
    }
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(folder)) {
      const std::string entry_name = entry->d_name;
      if (entry_name != "." && entry_name != "..") names.push_back(entry_name);
      if (names.size() > kMostEntries) break;
    }
    std::ranges::sort(names);
    for (const std::string& entry : names) {
      struct stat found {};
      if (::fstatat(::dirfd(folder), entry.c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0 || is_cover(found)) continue;
      add(::dirfd(folder), entry.c_str(), found);
    }
    digest_.add(names.size());
    ::closedir(folder);
  }

  Digest digest_;
  size_t entries_ = 0;
};

}  // namespace

Look look_at_all(const std::vector<std::string>& paths) {
  Look look;
  for (const std::string& path : paths) look[path] = Looker().look(path);
  return look;
}

std::vector<Change> changes(const Look& before, const Look& after) {
  std::vector<Change> found;
  for (const auto& [path, now] : after) {
    const auto at = before.find(path);
    const Looked then = at == before.end() ? Looked{} : at->second;
    if (then.digest == now.digest) continue;
    const auto kind = then.digest == 0  ? Change::Kind::kMade
                      : now.digest == 0 ? Change::Kind::kRemoved
                                        : Change::Kind::kChanged;
    found.push_back({path, kind});
  }
  return found;
}

}  // namespace confide::agents
