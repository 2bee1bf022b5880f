#include "launcher/host/mask_index.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/kernel_abi.h"
#include "base/sys.h"
#include "base/text.h"
#include "launcher/host/listing.h"
#include "policy/mask_names.h"

namespace confide::launcher {
namespace {

constexpr std::string_view kMagic = "confide masks 1\n";
constexpr size_t kMaxIndexFile = 8UL << 20;
constexpr int64_t kKeptMs = 30L * 24 * 3600 * 1000;
constexpr int64_t kAbandonedMs = 60'000;

int64_t milliseconds(const timespec& time) { return time.tv_sec * 1000 + time.tv_nsec / 1'000'000; }

bool any_glob(const policy::Masks& masks, auto holds) {
  return std::ranges::any_of(masks.globs, holds) || std::ranges::any_of(masks.always, holds);
}

bool names_folder(const policy::Masks& masks, std::string_view folder) {
  return any_glob(masks, [&](const std::string& glob) { return std::ranges::count(split(glob, '/'), folder) > 0; });
}

class Walk {
 public:
  Walk(const policy::Masks& masks, int root, const WalkBounds& bounds)
      : masks_(masks),
        root_(root),
        bounds_(bounds),
        enters_git_(names_folder(masks, ".git")),
        enters_modules_(names_folder(masks, "node_modules")) {}

  MaskPaths run() {
    const int64_t end = sys::monotonic_ms() + bounds_.milliseconds;
    std::vector<std::string> waiting = {""};
    while (!waiting.empty() && found_.reach == Reach::kWhole) {
      const std::string folder = std::move(waiting.back());
      waiting.pop_back();
      look_into(folder, waiting);
      if (sys::monotonic_ms() > end) found_.reach = Reach::kCutShort;
    }
    std::ranges::sort(found_.paths);
    return std::move(found_);
  }

 private:
  void look_into(const std::string& folder, std::vector<std::string>& waiting) {
    auto fd = sys::openat2(root_, folder.empty() ? "." : folder, O_RDONLY | O_DIRECTORY | O_NONBLOCK,
                           abi::kResolveBeneath | abi::kResolveNoSymlinks);
    // A folder that the caller cannot read holds nothing that its command could.
    if (!fd) return;
    each_entry(fd->get(), [&](const char* name, unsigned char type) {
      if (++entries_ > bounds_.entries || found_.paths.size() >= bounds_.matches) {
        found_.reach = Reach::kCutShort;
        return Listing::kStop;
      }
      take(folder.empty() ? std::string(name) : cat(folder, "/", name), name, known_type(fd->get(), name, type),
           waiting);
      return Listing::kGoOn;
    });
  }

  static unsigned char known_type(int folder, const char* name, unsigned char type) {
    struct stat found {};
    if (type != DT_UNKNOWN || ::fstatat(folder, name, &found, AT_SYMLINK_NOFOLLOW) != 0) return type;
    return static_cast<unsigned char>(IFTODT(found.st_mode));
  }

  void take(std::string path, std::string_view name, unsigned char type, std::vector<std::string>& waiting) {
    if (type == DT_DIR) {
      if ((name == ".git" && !enters_git_) || (name == "node_modules" && !enters_modules_)) return;
      if (!any_glob(masks_, [&](const std::string& glob) { return policy::glob_may_match_below(glob, path); })) return;
      if (std::ranges::count(path, '/') >= bounds_.depth)
        found_.reach = Reach::kCutShort;
      else
        waiting.push_back(std::move(path));
      return;
    }
    if (type != DT_REG && type != DT_LNK) return;
    const bool below_root = path.size() != name.size();
    if (below_root && policy::is_masked(path, policy::Tracked::kYes, masks_)) found_.paths.push_back(std::move(path));
  }

  const policy::Masks& masks_;
  int root_;
  const WalkBounds& bounds_;
  bool enters_git_;
  bool enters_modules_;
  size_t entries_ = 0;
  MaskPaths found_;
};

// What an index is of: another project or other patterns make another index.
std::string key_of(const std::string& project, const policy::Masks& masks) {
  std::string key = project;
  key += '\0';
  for (const auto* list : {&masks.globs, &masks.always, &masks.exceptions}) {
    for (const std::string& glob : *list) (key += glob) += '\0';
    key += '\0';
  }
  return key;
}

// FNV-1a. Two projects of one digest would only take turns: the key stands in the file.
uint64_t digest(std::string_view text, uint64_t start) {
  uint64_t hash = start;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return hash;
}

bool is_below_root(std::string_view path) {
  if (path.size() > 4095 || path.find('/') == std::string_view::npos) return false;
  return std::ranges::none_of(split(path, '/'),
                              [](std::string_view name) { return name.empty() || name == "." || name == ".."; });
}

enum class IfMissing : uint8_t { kError, kMake };

// A folder of the caller's own that nobody else can write.
Result<UniqueFd> own_folder(int at, const std::string& name, int follow, IfMissing if_missing) {
  if (if_missing == IfMissing::kMake && ::mkdirat(at, name.c_str(), 0700) != 0 && errno != EEXIST)
    return sys::errno_error("mkdir", name);
  UniqueFd fd = TRY(sys::openat(at, name, O_RDONLY | O_DIRECTORY | follow));
  struct stat found {};
  if (::fstat(fd.get(), &found) != 0) return sys::errno_error("fstat", name);
  if (found.st_uid != ::geteuid())
    return Error{ErrorKind::kRefused, 0, cat("the cache folder ", printable(name), " belongs to another user")};
  if ((found.st_mode & 022) != 0)
    return Error{ErrorKind::kRefused, 0, cat("the cache folder ", printable(name), " is writable for others")};
  return fd;
}

Result<UniqueFd> index_folder(const std::string& cache, IfMissing if_missing) {
  if (!cache.starts_with('/')) return Error{ErrorKind::kRefused, 0, "no cache folder"};
  if (if_missing == IfMissing::kMake) {
    // Only in a folder of the caller's own: root must not leave its folders in somebody's home.
    const std::string above = cache.substr(0, std::max<size_t>(cache.rfind('/'), 1));
    TRY(own_folder(AT_FDCWD, above, 0, IfMissing::kError));
  }
  const UniqueFd base = TRY(own_folder(AT_FDCWD, cache, 0, if_missing));
  const UniqueFd ours = TRY(own_folder(base.get(), "confide", O_NOFOLLOW, if_missing));
  return own_folder(ours.get(), "masks", O_NOFOLLOW, if_missing);
}

void remove_old(int folder) {
  const int64_t now = sys::clock_ms(CLOCK_REALTIME);
  each_entry(folder, [&](const char* name, unsigned char) {
    struct stat found {};
    const bool file = ::fstatat(folder, name, &found, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(found.st_mode);
    if (file && now - milliseconds(found.st_mtim) > kKeptMs) (void)::unlinkat(folder, name, 0);
    return Listing::kGoOn;
  });
}

// With a name, where the file system can make none without (NFS): then one writer at a time, and what a killed one left
// behind is taken over after a minute.
Result<UniqueFd> named_file(int folder, const std::string& name) {
  constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
  auto made = sys::openat(folder, name, kFlags, 0600);
  if (made || made.error().errnum != EEXIST) return made;
  struct stat found {};
  if (::fstatat(folder, name.c_str(), &found, AT_SYMLINK_NOFOLLOW) != 0) return made;
  if (sys::clock_ms(CLOCK_REALTIME) - milliseconds(found.st_mtim) < kAbandonedMs) return made;
  (void)::unlinkat(folder, name.c_str(), 0);
  return sys::openat(folder, name, kFlags, 0600);
}

Status give_name(int file, int folder, const std::string& name) {
  const std::string self = cat("/proc/self/fd/", file);
  const auto link = [&] { return ::linkat(AT_FDCWD, self.c_str(), folder, name.c_str(), AT_SYMLINK_FOLLOW) == 0; };
  if (link()) return {};
  // Another writer's, or left by one that was killed: complete in either case, and as good as this one.
  if (errno == EEXIST && ::unlinkat(folder, name.c_str(), 0) == 0 && link()) return {};
  return sys::errno_error("link", name);
}

// In the place of what is there, at once. A writer that is killed leaves nothing behind, or a whole file.
Status put_file(int folder, const std::string& name, std::string_view bytes) {
  const std::string fresh = name + ".new";
  auto file = sys::openat(folder, ".", O_WRONLY | O_TMPFILE, 0600);
  const bool nameless = file.has_value();
  if (!nameless) file = TRY(named_file(folder, fresh));
  auto written = sys::write_all(file->get(), bytes);
  if (written && nameless) written = give_name(file->get(), folder, fresh);
  if (written && ::renameat(folder, fresh.c_str(), folder, name.c_str()) != 0)
    written = sys::errno_error("rename", name);
  if (!written && !nameless) (void)::unlinkat(folder, fresh.c_str(), 0);
  return written;
}

}  // namespace

MaskPaths walk_for_masks(const policy::Masks& masks, int root, const WalkBounds& bounds) {
  return Walk(masks, root, bounds).run();
}

std::string mask_index_name(const std::string& project, const policy::Masks& masks) {
  const std::string key = key_of(project, masks);
  std::string name;
  for (uint64_t part : {digest(key, 0xcbf29ce484222325U), digest(key, 0x9e3779b97f4a7c15U)})
    for (int i = 0; i < 16; ++i, part <<= 4) name += "0123456789abcdef"[part >> 60];
  return name;
}

std::string encode_mask_index(const std::string& project, const policy::Masks& masks, const MaskPaths& found) {
  const std::string key = key_of(project, masks);
  std::string bytes = cat(kMagic, key.size(), "\n", key, found.reach == Reach::kWhole ? "whole\n" : "cut short\n");
  for (const std::string& path : found.paths) (bytes += path) += '\0';
  return bytes;
}

std::optional<MaskPaths> decode_mask_index(std::string_view bytes, const std::string& project,
                                           const policy::Masks& masks) {
  const std::string key = key_of(project, masks);
  const std::string head = cat(kMagic, key.size(), "\n", key);
  if (!bytes.starts_with(head)) return {};
  bytes.remove_prefix(head.size());
  MaskPaths found;
  if (bytes.starts_with("cut short\n"))
    found.reach = Reach::kCutShort;
  else if (!bytes.starts_with("whole\n"))
    return {};
  bytes.remove_prefix(bytes.find('\n') + 1);
  while (!bytes.empty()) {
    const size_t end = bytes.find('\0');
    if (end == std::string_view::npos || found.paths.size() >= WalkBounds().matches) return {};
    const std::string_view path = bytes.substr(0, end);
    if (is_below_root(path) && policy::is_masked(path, policy::Tracked::kYes, masks)) found.paths.emplace_back(path);
    bytes.remove_prefix(end + 1);
  }
  return found;
}

std::optional<MaskIndex> load_mask_index(const std::string& cache, const std::string& project,
                                         const policy::Masks& masks) {
  const auto folder = index_folder(cache, IfMissing::kError);
  if (!folder) return {};
  const auto fd =
      sys::openat(folder->get(), mask_index_name(project, masks), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  struct stat found {};
  if (!fd || ::fstat(fd->get(), &found) != 0) return {};
  if (!S_ISREG(found.st_mode) || found.st_uid != ::geteuid() || (found.st_mode & 022) != 0) return {};
  const int64_t age = sys::clock_ms(CLOCK_REALTIME) - milliseconds(found.st_mtim);
  if (age < 0) return {};  // a clock that was set back says nothing
  const auto bytes = sys::read_all(fd->get(), kMaxIndexFile, "mask index");
  if (!bytes) return {};
  auto paths = decode_mask_index(*bytes, project, masks);
  if (!paths) return {};
  return MaskIndex{std::move(*paths), age};
}

Status store_mask_index(const std::string& cache, const std::string& project, const policy::Masks& masks,
                        const MaskPaths& found) {
  const UniqueFd folder = TRY(index_folder(cache, IfMissing::kMake));
  auto written = put_file(folder.get(), mask_index_name(project, masks), encode_mask_index(project, masks, found));
  remove_old(folder.get());
  return written;
}

}  // namespace confide::launcher
