#include "agents/hook_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>

#include "base/kernel_abi.h"
#include "base/sys.h"
#include "base/text.h"

namespace confide::agents {
namespace {

struct Looked {
  std::string real;
  int errnum = 0;
};

// Links of /proc lead elsewhere for the client than for this process.
Looked look(const std::string& path) {
  const auto fd = sys::openat2(AT_FDCWD, path, O_PATH, abi::kResolveNoMagiclinks);
  if (!fd) return {{}, fd.error().errnum};
  char buffer[PATH_MAX];
  const ssize_t size = ::readlink(cat("/proc/self/fd/", fd->get()).c_str(), buffer, sizeof buffer);
  if (size <= 0 || size == PATH_MAX) return {{}, ENAMETOOLONG};
  return {std::string(buffer, static_cast<size_t>(size)), 0};
}

bool is_link(const std::string& path) {
  struct stat found {};
  return ::lstat(path.c_str(), &found) == 0 && S_ISLNK(found.st_mode);
}

FileFact untold(std::string why) { return {.real = {}, .why_not = std::move(why)}; }

std::string joined(const std::vector<std::string_view>& parts) {
  std::string out;
  for (const std::string_view part : parts) out += cat("/", part);
  return out.empty() ? "/" : out;
}

// The path without `.` and `..`. Nothing where a link stands before a `..`: the kernel goes on from where it leads, and
// programs that shorten the text do not.
std::optional<std::string> without_dots(std::string_view path) {
  std::vector<std::string_view> kept;
  for (const std::string_view part : split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      kept.push_back(part);
      continue;
    }
    if (is_link(joined(kept))) return {};
    if (!kept.empty()) kept.pop_back();
  }
  return joined(kept);
}

// `path` is absolute and without dots.
// Each call is about a shorter path. NOLINTNEXTLINE(misc-no-recursion)
FileFact locate_absolute(const std::string& path) {
  const Looked looked = look(path);
  if (looked.errnum == 0) return {.real = looked.real};
  if (looked.errnum == ELOOP) return untold("its links lead through /proc, or in a circle");
  if (looked.errnum != ENOENT || path == "/") return untold(std::string(::strerrordesc_np(looked.errnum)));
  // Writing through a link that leads nowhere would make what it points to.
  if (is_link(path)) return untold("it is a link that leads nowhere");
  const size_t slash = path.rfind('/');
  FileFact parent = locate_absolute(slash == 0 ? "/" : path.substr(0, slash));
  if (parent.real.empty()) return parent;
  return {.real = cat(parent.real == "/" ? "" : parent.real, path.substr(slash))};
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

}  // namespace

std::string real_path(const std::string& path) { return look(path).real; }

FileFact locate(std::string_view text, const std::string& cwd, const std::string& home) {
  if (text.empty()) return untold("a path cannot be empty");
  if (text.size() >= PATH_MAX) return untold("the path is too long");
  if (trim(text) != text || std::ranges::any_of(text, is_control))
    return untold("blanks at its ends and control characters are not taken");
  std::string path;
  if (text[0] == '/')
    path = text;
  else if (text[0] == '~' && (text.size() == 1 || text[1] == '/') && home.starts_with('/'))
    path = cat(home, text.substr(1));
  else
    path = cat(cwd, "/", text);
  const auto plain = without_dots(path);
  if (!plain) return untold("write it without `..`: there is a link in it");
  return locate_absolute(*plain);
}

}  // namespace confide::agents
