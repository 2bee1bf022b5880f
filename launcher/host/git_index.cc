#include "launcher/host/git_index.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "base/sys.h"
#include "base/text.h"

namespace confide::launcher {
namespace {

constexpr size_t kHeader = 12;
constexpr size_t kStatFields = 40;  // ctime to size, ten 32-bit numbers
constexpr size_t kMaxName = 4096;
constexpr uint16_t kExtendedFlag = 0x4000;
constexpr uint16_t kNameLength = 0x0FFF;

constexpr size_t kFirstRead = 64UL << 10;
constexpr size_t kMaxIndex = 64UL << 20;
constexpr size_t kMaxConfig = 64UL << 10;
constexpr int kMaxLevels = 64;

uint32_t big_endian(std::string_view bytes, size_t at, size_t width) {
  uint32_t value = 0;
  for (size_t i = 0; i < width; ++i) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

class Scanner {
 public:
  Scanner(std::string_view bytes, ObjectFormat format, std::span<const std::string> names)
      : bytes_(bytes), fixed_(kStatFields + (format == ObjectFormat::kSha1 ? 20U : 32U) + 2), names_(names) {
    scan_.tracked.resize(names.size());
  }

  IndexScan run() {
    if (!has(kHeader)) return end(IndexScan::End::kNeedsMore);
    version_ = big_endian(bytes_, 4, 4);
    const uint32_t count = big_endian(bytes_, 8, 4);
    if (!bytes_.starts_with("DIRC") || version_ < 2 || version_ > 4) return end(IndexScan::End::kMalformed);
    at_ = kHeader;
    for (uint32_t i = 0; i < count && next_ < names_.size(); ++i) {
      const auto stopped = read_entry();
      if (stopped) return end(*stopped);
      while (next_ < names_.size() && names_[next_] < name_) ++next_;
      if (next_ < names_.size() && names_[next_] == name_) scan_.tracked[next_++] = true;
    }
    return end(IndexScan::End::kDecided);
  }

 private:
  using Stop = std::optional<IndexScan::End>;

  bool has(size_t size) const { return size <= bytes_.size() - at_; }
  IndexScan end(IndexScan::End how) {
    scan_.end = how;
    return std::move(scan_);
  }

  // Leaves the entry's name in name_ and at_ behind it.
  Stop read_entry() {
    const size_t start = at_;
    if (!has(fixed_)) return IndexScan::End::kNeedsMore;
    const auto flags = static_cast<uint16_t>(big_endian(bytes_, at_ + fixed_ - 2, 2));
    at_ += fixed_;
    if ((flags & kExtendedFlag) != 0) {
      if (version_ < 3) return IndexScan::End::kMalformed;
      if (!has(2)) return IndexScan::End::kNeedsMore;
      at_ += 2;
    }
    size_t kept = 0;
    if (version_ == 4) {
      size_t dropped = 0;
      if (const Stop stop = read_offset(dropped)) return stop;
      if (dropped > name_.size()) return IndexScan::End::kMalformed;
      kept = name_.size() - dropped;
    }
    const std::string_view rest = bytes_.substr(at_, kMaxName + 1);
    const size_t nul = rest.find('\0');
    if (nul == std::string_view::npos)
      return rest.size() > kMaxName ? IndexScan::End::kMalformed : IndexScan::End::kNeedsMore;
    const std::string_view suffix = rest.substr(0, nul);
    const size_t size = kept + suffix.size();
    const size_t said = flags & kNameLength;
    // An empty name is a split index's (`link` extension), whose other part is not read.
    if (size == 0 || size > kMaxName || (said == kNameLength ? size < kNameLength : size != said))
      return IndexScan::End::kMalformed;
    if (suffix < std::string_view(name_).substr(kept)) return IndexScan::End::kMalformed;  // out of order
    name_.resize(kept);
    name_ += suffix;
    at_ += suffix.size() + 1;
    return version_ == 4 ? Stop() : skip_padding(start);
  }

  // Versions 2 and 3 end an entry with one to eight NULs, so that its length is a multiple of eight.
  Stop skip_padding(size_t start) {
    while ((at_ - start) % 8 != 0) {
      if (!has(1)) return IndexScan::End::kNeedsMore;
      if (bytes_[at_++] != '\0') return IndexScan::End::kMalformed;
    }
    return {};
  }

  // The variable-width number of version 4 (gitformat-pack(5), "offset encoding").
  Stop read_offset(size_t& value) {
    value = 0;
    for (int digits = 0; digits < 4; ++digits) {
      if (!has(1)) return IndexScan::End::kNeedsMore;
      const auto byte = static_cast<unsigned char>(bytes_[at_++]);
      if (digits > 0) ++value;
      value = value << 7 | (byte & 0x7FU);
      if ((byte & 0x80U) == 0) return {};
    }
    return IndexScan::End::kMalformed;
  }

  std::string_view bytes_;
  size_t fixed_;
  std::span<const std::string> names_;
  uint32_t version_ = 0;
  size_t at_ = 0;
  size_t next_ = 0;   // the first name that is not decided
  std::string name_;  // of the entry read last
  IndexScan scan_;
};

// Never a FIFO or a device: whoever owns the project chooses what stands here.
Result<UniqueFd> open_regular(const std::string& path) {
  UniqueFd fd = TRY(sys::openat(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_NOCTTY));
  struct stat found {};
  if (::fstat(fd.get(), &found) != 0) return sys::errno_error("fstat", path);
  if (!S_ISREG(found.st_mode)) return Error{ErrorKind::kRefused, 0, cat(printable(path), " is no regular file")};
  return fd;
}

Result<std::string> read_small(const std::string& path) {
  const UniqueFd fd = TRY(open_regular(path));
  return sys::read_all(fd.get(), kMaxConfig, path);
}

// Grows `bytes` to `size` or to the end of the file; false at its end.
bool read_up_to(int fd, std::string& bytes, size_t size) {
  while (bytes.size() < size) {
    const size_t had = bytes.size();
    bytes.resize(size);
    const ssize_t n = ::read(fd, bytes.data() + had, size - had);
    bytes.resize(had + (n > 0 ? static_cast<size_t>(n) : 0));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
  }
  return true;
}

std::string beside(const std::string& folder, std::string_view path) {
  return path.starts_with('/') ? std::string(path) : cat(folder, "/", path);
}

struct Repository {
  std::string git_dir;  // where the index is
  std::string prefix;   // of the folder below the repository's root: "" or "packages/web/"
};

// The `.git` of a worktree or a submodule is a file: "gitdir: PATH" (gitrepository-layout(5)).
std::optional<std::string> git_dir_at(const std::string& folder, uint32_t owner) {
  const std::string path = folder + "/.git";
  struct stat found {};
  // Git itself does not trust a repository of somebody else's.
  if (::stat(path.c_str(), &found) != 0 || found.st_uid != owner) return {};
  if (S_ISDIR(found.st_mode)) return path;
  const auto text = read_small(path);
  constexpr std::string_view kMark = "gitdir: ";
  if (!text || !text->starts_with(kMark)) return {};
  return beside(folder, trim(std::string_view(*text).substr(kMark.size())));
}

std::optional<Repository> repository_of(const PathFact& folder) {
  std::string at = folder.canonical;
  for (int level = 0; level < kMaxLevels && !at.empty(); ++level) {
    struct stat found {};
    if (::lstat((at + "/.git").c_str(), &found) == 0) {
      auto git_dir = git_dir_at(at, folder.owner);
      if (!git_dir) return {};
      std::string prefix = folder.canonical.substr(at.size());
      if (!prefix.empty()) prefix = prefix.substr(1) + "/";
      return Repository{std::move(*git_dir), std::move(prefix)};
    }
    at.resize(at.rfind('/'));
  }
  return {};
}

// A worktree's configuration is that of the repository that it belongs to.
ObjectFormat format_of(const Repository& repository) {
  std::string common = repository.git_dir;
  if (const auto text = read_small(repository.git_dir + "/commondir")) common = beside(repository.git_dir, trim(*text));
  const auto config = read_small(common + "/config");
  return config ? object_format(*config) : ObjectFormat::kSha1;
}

}  // namespace

IndexScan scan_index(std::string_view bytes, ObjectFormat format, std::span<const std::string> names) {
  return Scanner(bytes, format, names).run();
}

ObjectFormat object_format(std::string_view config) {
  bool in_extensions = false;
  ObjectFormat format = ObjectFormat::kSha1;
  for (const std::string_view raw : split(config, '\n')) {
    std::string line;
    for (const char c : raw)
      if (c != ' ' && c != '\t' && c != '\r' && c != '"')
        line += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (line.starts_with('[')) in_extensions = line.starts_with("[extensions]");
    if (in_extensions && line.ends_with("objectformat=sha256"))
      format = ObjectFormat::kSha256;
    else if (in_extensions && line.ends_with("objectformat=sha1"))
      format = ObjectFormat::kSha1;
  }
  return format;
}

std::vector<bool> tracked_names(const PathFact& folder, std::span<const std::string> names) {
  const std::vector<bool> none(names.size());
  if (names.empty()) return none;
  const auto repository = repository_of(folder);
  if (!repository) return none;
  const auto fd = open_regular(repository->git_dir + "/index");
  if (!fd) return none;
  const ObjectFormat format = format_of(*repository);
  std::vector<std::string> prefixed;
  for (const std::string& name : names) prefixed.push_back(repository->prefix + name);
  std::string bytes;
  for (size_t size = kFirstRead; size <= kMaxIndex; size *= 2) {
    const bool whole = !read_up_to(fd->get(), bytes, size);
    IndexScan scan = scan_index(bytes, format, prefixed);
    if (scan.end == IndexScan::End::kDecided) return std::move(scan.tracked);
    if (whole || scan.end == IndexScan::End::kMalformed) return none;
  }
  return none;
}

IndexWrite index_write(const PathFact& folder) {
  const auto repository = repository_of(folder);
  struct stat found {};
  const bool locked = repository && ::lstat((repository->git_dir + "/index.lock").c_str(), &found) == 0;
  return locked ? IndexWrite::kUnderWay : IndexWrite::kNone;
}

}  // namespace confide::launcher
